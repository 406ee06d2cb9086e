<?php
// A department's PHP program against the CMON door: pushDocument, then updateStatus with a wrong password.
// argv = WSDL address, SOAP version (1 or 2), user, password.
ini_set('soap.wsdl_cache_enabled', '0');
[$_, $wsdl, $version, $user, $password] = $argv;
$client = new SoapClient($wsdl, ['soap_version' => $version === '2' ? SOAP_1_2 : SOAP_1_1, 'exceptions' => true]);
$dossier = [
    'gioiTinh' => 0,
    'hoTenNguoiNop' => 'Nguyễn Thị Thử Nghiệm',
    'maDonViTiepNhan' => 'SMAY-MC01',
    'maLoaiHoSo' => 'TN01',
    'maSoHoSo' => 'TN01-2026-0007',
    'ngayHenTra' => '13/07/2026',
    'ngayNopHoSo' => '06/07/2026',
    'ngaySinh' => '01/01/1990',
    'soCmnd' => '099000001',
];
$said = [];
foreach ([$password, 'sai'] as $shown) {
    try {
        $reply = $client->pushDocument(['arg0' => [
            'password' => $shown, 'userName' => $user, 'ossDocumentSoapList' => [$dossier],
        ]]);
        $said[] = ['errCode' => $reply->return->errCode, 'errMsg' => $reply->return->errMsg ?? ''];
    } catch (SoapFault $fault) {
        $said[] = ['fault' => $fault->faultcode];
    }
}
echo json_encode($said, JSON_UNESCAPED_UNICODE);
