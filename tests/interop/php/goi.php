<?php
// PHP's own SoapClient against a door: argv = WSDL address, SOAP version (1 or 2), password.
ini_set('soap.wsdl_cache_enabled', '0');
[$_, $wsdl, $version, $password] = $argv;
$client = new SoapClient($wsdl, [
    'soap_version' => $version === '2' ? SOAP_1_2 : SOAP_1_1,
    'exceptions' => true,
    'trace' => true,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
]);
$items = [
    ['ma' => 'H99-1', 'ten' => 'Nguyễn Thị Thử', 'soTien' => 1],
    ['ma' => 'H99-2', 'ten' => 'Đặng "Mẫu" & <con>', 'soTien' => 2],
];
try {
    $reply = $client->guiHoSo(['matKhau' => $password, 'taiKhoan' => 'motcua.thu', 'hoSo' => $items]);
    echo json_encode(['loi' => $reply->return->loi], JSON_UNESCAPED_UNICODE);
} catch (SoapFault $fault) {
    $detail = $fault->detail ?? null;
    echo json_encode([
        'faultcode' => $fault->faultcode,
        'faultstring' => $fault->faultstring,
        'detail' => $detail,
    ], JSON_UNESCAPED_UNICODE);
}
