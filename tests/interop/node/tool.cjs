// Other makers' packages of npm, called by the tests; NODE_PATH says where `make oracles` put them.
//
//   tool.cjs crypto LIST                       LIST: "CERT TAB FILE" a line; xml-crypto: good | bad | error: why
//   tool.cjs jws LIST                          LIST: "CERT TAB FILE TAB BODY" a line; Node's own: good | bad | error: why
//   tool.cjs crypto-sign KEY CERT METHOD FILE...   writes FILE.signed, an enveloped signature
//   tool.cjs xades FILE...                     xadesjs, with the certificate inside: good | bad | error: why
//   tool.cjs xades-sign KEY CERT FILE...       writes FILE.signed, XAdES-BES
"use strict";
const crypto = require("node:crypto");
const fs = require("node:fs");

const MORE = "http://www.w3.org/2001/04/xmldsig-more#";
const EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

// xml-crypto lets its user bring signature methods; canonical forms, transforms and digests are its own.
function method(name, digest, options) {
  return class {
    getSignature(data, key) {
      return crypto.sign(digest, Buffer.from(data), { key, ...options }).toString("base64");
    }
    verifySignature(data, key, value) {
      return crypto.verify(digest, Buffer.from(data), { key, ...options }, Buffer.from(value, "base64"));
    }
    getAlgorithmName() {
      return name;
    }
  };
}

function signedXml(options) {
  const { SignedXml } = require("xml-crypto");
  const made = new SignedXml(options);
  const plain = { dsaEncoding: "ieee-p1363" };
  for (const [name, digest, more] of [
    [MORE + "ecdsa-sha256", "sha256", plain],
    [MORE + "ecdsa-sha384", "sha384", plain],
    [MORE + "ecdsa-sha512", "sha512", plain],
    ["http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519", null, {}],
  ]) {
    made.SignatureAlgorithms[name] = method(name, digest, more);
  }
  return made;
}

function parsed(xml) {
  const { DOMParser } = require("@xmldom/xmldom");
  return new DOMParser({ onError: (level, message) => fail(level + ": " + message) }).parseFromString(xml, "text/xml");
}

function fail(message) {
  throw new Error(message);
}

function cryptoVerify(certificate, file) {
  const xml = fs.readFileSync(file, "utf8").replace(/^\ufeff/, "");
  const found = parsed(xml).getElementsByTagNameNS("http://www.w3.org/2000/09/xmldsig#", "Signature");
  if (found.length !== 1) {
    return "error: " + found.length + " signatures";
  }
  const key = new crypto.X509Certificate(certificate).publicKey.export({ type: "spki", format: "pem" });
  const signed = signedXml({ publicCert: key, getCertFromKeyInfo: () => null });
  signed.loadSignature(found.item(0));
  return signed.checkSignature(xml) ? "good" : "bad";
}

function jwsVerify(certificate, file, body) {
  const [first, middle, value] = fs.readFileSync(file, "utf8").split(".");
  const url = (bytes) => Buffer.from(bytes).toString("base64url");
  const key = new crypto.X509Certificate(certificate).publicKey;
  const how = key.asymmetricKeyType === "ec" ? { key, dsaEncoding: "ieee-p1363" } : { key };
  const input = Buffer.from(first + "." + url(fs.readFileSync(body)));
  return middle === "" && crypto.verify("sha256", input, how, Buffer.from(value, "base64url")) ? "good" : "bad";
}

function cryptoSign(key, certificate, name, file) {
  const signed = signedXml({
    privateKey: key, publicCert: certificate, signatureAlgorithm: name, canonicalizationAlgorithm: EXCLUSIVE,
  });
  signed.addReference({
    xpath: "/*", isEmptyUri: true, transforms: [ENVELOPED, EXCLUSIVE],
    digestAlgorithm: "http://www.w3.org/2001/04/xmlenc#sha256",
  });
  signed.computeSignature(fs.readFileSync(file, "utf8"), { prefix: "ds" });
  fs.writeFileSync(file + ".signed", signed.getSignedXml());
}

function xades() {
  const dom = require("@xmldom/xmldom");
  const made = require("xadesjs");
  require("xml-core").setNodeDependencies({
    DOMParser: dom.DOMParser, XMLSerializer: dom.XMLSerializer, DOMImplementation: dom.DOMImplementation,
    xpath: require("xpath"),
  });
  made.Application.setEngine("node", crypto.webcrypto);
  return made;
}

async function xadesVerify(made, file) {
  const document = made.Parse(fs.readFileSync(file, "utf8"));
  const signed = new made.SignedXml(document);
  signed.LoadXml(document.getElementsByTagNameNS("http://www.w3.org/2000/09/xmldsig#", "Signature")[0]);
  return (await signed.Verify()) ? "good" : "bad";
}

async function xadesSign(made, key, certificate, file) {
  const der = crypto.createPrivateKey(key).export({ type: "pkcs8", format: "der" });
  const how = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const usable = await crypto.webcrypto.subtle.importKey("pkcs8", der, how, false, ["sign"]);
  const paper = new crypto.X509Certificate(certificate).raw.toString("base64");
  const document = made.Parse(fs.readFileSync(file, "utf8"));
  const signed = new made.SignedXml();
  await signed.Sign(how, usable, document, {
    references: [{ uri: "", hash: "SHA-256", transforms: ["enveloped", "exc-c14n"] }],
    x509: [paper], signingCertificateV2: paper,
  });
  document.documentElement.appendChild(signed.GetXml());
  fs.writeFileSync(file + ".signed", new (require("@xmldom/xmldom").XMLSerializer)().serializeToString(document));
}

async function main([what, ...rest]) {
  const read = (name) => fs.readFileSync(name);
  const each = async (files, work) => {
    for (const file of files) {
      try {
        console.log(await work(file));
      } catch (error) {
        console.log("error: " + (error.message || JSON.stringify(error)).replace(/\s+/g, " "));
      }
    }
  };
  const listed = () => fs.readFileSync(rest[0], "utf8").split("\n").filter((line) => line).map((line) => line.split("\t"));
  if (what === "crypto") {
    await each(listed(), ([certificate, file]) => cryptoVerify(read(certificate), file));
  } else if (what === "jws") {
    await each(listed(), ([certificate, file, body]) => jwsVerify(read(certificate), file, body));
  } else if (what === "crypto-sign") {
    rest.slice(3).forEach((file) => cryptoSign(read(rest[0]), read(rest[1]), rest[2], file));
  } else if (what === "xades") {
    const made = xades();
    await each(rest, (file) => xadesVerify(made, file));
  } else {
    const made = xades();
    for (const file of rest.slice(2)) {
      await xadesSign(made, read(rest[0]), read(rest[1]), file);
    }
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
