"""The lists behind the covering: leaf names whose values may be shown, family names, places that look like people."""

from __future__ import annotations

# Compared in lower case without separators; "parent/leaf" where the leaf alone says too little. Codes of dossiers,
# procedures, agencies and states; moments of the procedure; protocol words. Never: names, papers, addresses,
# birthdays, contacts, contents, officials, credentials.
_SAFE = """
    mahoso mahosodonvi mahosotruoc masohoso sohoso sobiennhan sohosoonline hosoid
    onlineid documentid messageid correlationid relatesto
    nguongoc thutuc/ma mathutuc matthc maloaihoso malinhvuc mabuoc mabosung mathanhphan mathanhphanhoso
    mathamchieu mathongbao madichvucong
    coquan/ma macoquan madonvi madinhdanhdv madonvitiepnhan madonvixuly madvnhanhso1 kenhthuchien mucdo
    trangthai trangthaihoso trangthaitruoc trangthaihientai trangthaiketiep trangthaithanhtoan trangthaibosung
    matrangthai trangthaidonvi trangthaidabiet hinhthuc hinhthuctra hinhthuctraketqua loaidoituong loaidulieu chieu
    ngaynop ngaynophoso ngaytiepnhan ngayhentra ngayhentratruoc ngayhentramoi ngaytra ngaytraketqua ngaytuchoi
    ngayketthucxuly ngayxuly ngayyeucau ngaybatdau ngayketthuctheoquydinh thoidiemxuly thoidiem ngaygioluanchuyen
    tungay denngay
    sothutu soluong sogioyeucau sogioyeucauxuly sogiothuchien kichthuoc dinhdang vaitro bam daxoa isdeleted dasohoa
    taisudung tukhoquocgia cohoso cothanhphansohoa isupdating isupdate page pagesize total
    errcode errorcode statuscode status code success faultcode service version
"""
SAFE_NAMES = frozenset(_SAFE.split())

_FAMILY = """
    Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Đoàn Trịnh Trương Lâm Mai Đào Cao Hà
    Lương Lưu Tô Tạ Chu Châu Phùng Vương Quách Thái Triệu Kiều Đàm Tống Nghiêm Khổng Thạch Nông Hứa Vi Lò Giàng Vàng
    Sùng Thào Quàng Cầm Lường Bạch Doãn Mạc Tăng La Thân Ông Văn Ninh Hầu Giáp Bế Ma Tôn Trang Âu Bành
    Nguyen Tran Pham Hoang Huynh Phan Dang Bui Ngo Duong Dinh Doan Trinh Truong
"""
FAMILY_NAMES = frozenset(_FAMILY.split())

# Looks like a person, and is none.
NO_PEOPLE = frozenset(
    (
        "Hà Nội", "Hà Giang", "Hà Nam", "Hà Tĩnh", "Hà Tây", "Hà Đông", "Hồ Chí Minh", "Lâm Đồng", "Thái Nguyên",
        "Thái Bình", "Cao Bằng", "Lai Châu", "Ninh Bình", "Ninh Thuận", "Lý Sơn", "Châu Đốc", "Văn Phòng", "Rịa",
        "HÀ NỘI", "HÀ GIANG", "HÀ NAM", "HÀ TĨNH", "HỒ CHÍ MINH", "LÂM ĐỒNG", "THÁI NGUYÊN", "THÁI BÌNH", "CAO BẰNG",
        "NINH BÌNH", "NINH THUẬN", "RỊA",
    )
)  # fmt: skip
