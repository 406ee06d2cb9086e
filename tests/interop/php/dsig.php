<?php
// xmlseclibs, as PHP applications call it: files in, a word each out.
//
//   dsig.php LIBRARY verify LIST           LIST: "CERT.pem TAB FILE" a line; prints good | bad | error: why, a line each
//   dsig.php LIBRARY sign KEY CERT LIST    LIST: "METHOD TAB DIGEST TAB C14N TAB FORM TAB FILE" a line; writes FILE.signed
//                                          FORM: whole = enveloped, URI=""; root = enveloped, by id; part = detached, the
//                                          first child of the root by id; object = enveloping, inside the root
//   dsig.php LIBRARY canonical LIST        LIST: a document in base64 a line; prints Canonical XML 1.0 of Id="phan", in base64
declare(strict_types=1);
error_reporting(E_ALL & ~E_DEPRECATED);  // the library is older than this PHP
set_error_handler(static function (int $level, string $message): bool {
    if (error_reporting() & $level) {
        throw new RuntimeException($message);
    }
    return true;
});
require $argv[1];

use RobRichards\XMLSecLibs\XMLSecurityDSig;
use RobRichards\XMLSecLibs\XMLSecurityKey;

const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';

function parsed(string $file): DOMDocument
{
    $document = new DOMDocument();
    $document->preserveWhiteSpace = true;
    if (!$document->loadXML(file_get_contents($file), LIBXML_NONET)) {
        throw new RuntimeException('no XML');
    }
    return $document;
}

function verify(string $certificate, string $file): string
{
    $signed = new XMLSecurityDSig();
    $signed->idKeys = ['wsu:Id'];
    $signed->idNS = ['wsu' => WSU];
    $found = $signed->locateSignature(parsed($file));
    if (!$found) {
        return 'error: no signature';
    }
    $signed->canonicalizeSignedInfo();
    $key = $signed->locateKey();
    if (!$key) {
        return 'error: no such method';
    }
    $key->loadKey(file_get_contents($certificate), false, true);
    if ($signed->verify($key) !== 1) {  // first: it takes the Signature out of the document to look at references
        return 'bad';
    }
    return $signed->validateReference() ? 'good' : 'bad';
}

function sign(string $key, string $certificate, array $job): void
{
    [$method, $digest, $canonical, $form, $file] = $job;
    $document = parsed($file);
    $root = $document->documentElement;
    $signed = new XMLSecurityDSig('ds');
    if ($form === 'object') {  // before anything else looks at it where it stands now
        $signed->sigNode = $signed->insertSignature($root);
    }
    $signed->setCanonicalMethod($canonical);
    $transforms = in_array($form, ['whole', 'root'], true)
        ? ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', $canonical] : [$canonical];
    if ($form === 'whole') {
        $signed->addReference($document, $digest, $transforms, ['force_uri' => true]);
    } elseif ($form === 'object') {
        $signed->addReference($signed->addObject('x < y'), $digest, $transforms);
    } else {
        $part = $form === 'root' ? $root : $root->firstElementChild;
        $signed->addReference($part, $digest, $transforms, ['overwrite' => false]);
    }
    $private = new XMLSecurityKey($method, ['type' => 'private']);
    $private->loadKey($key, true);
    $form === 'object' ? $signed->sign($private) : $signed->sign($private, $root);
    $signed->add509Cert(file_get_contents($certificate));
    file_put_contents("$file.signed", $document->saveXML());
}

foreach (file($argv[$argc - 1], FILE_IGNORE_NEW_LINES) as $line) {
    $job = explode("\t", $line);
    if ($argv[2] === 'sign') {
        sign($argv[3], $argv[4], $job);
        continue;
    }
    if ($argv[2] === 'canonical') {  // what the library calls, without it
        $document = new DOMDocument();
        $document->loadXML(base64_decode($line), LIBXML_NONET);
        $part = (new DOMXPath($document))->query('//*[@Id="phan"]')->item(0);
        echo base64_encode($part->C14N()), "\n";
        continue;
    }
    try {
        echo verify(...$job), "\n";
    } catch (Throwable $error) {
        echo 'error: ', strtr($error->getMessage(), "\n", ' '), "\n";
    }
}
