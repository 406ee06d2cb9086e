// JWE by Node's own cryptography: RSA-OAEP-256 or ECDH-ES+A256KW with A256GCM. decrypt KEY FILE | encrypt KEY FILE
const crypto = require("crypto"), fs = require("fs");
const url = (bytes) => Buffer.from(bytes).toString("base64url");
const oaep = (key) => ({ key, padding: crypto.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" });
const wrapIv = Buffer.from("a6a6a6a6a6a6a6a6", "hex");

function derived(secret) {
  const name = Buffer.from("ECDH-ES+A256KW"), word = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
  return crypto.createHash("sha256")
    .update(Buffer.concat([word(1), secret, word(name.length), name, word(0), word(0), word(256)])).digest();
}

const [way, keyFile, file] = process.argv.slice(2);
const pem = fs.readFileSync(keyFile), body = fs.readFileSync(file);
if (way === "decrypt") {
  const key = crypto.createPrivateKey(pem), parts = body.toString().split(".");
  const [protectedPart, wrapped, iv, text, tag] = parts.map((part) => Buffer.from(part, "base64url"));
  const header = JSON.parse(protectedPart);
  let content;
  if (header.alg === "RSA-OAEP-256") content = crypto.privateDecrypt(oaep(key), wrapped);
  else {
    const publicKey = crypto.createPublicKey({ key: header.epk, format: "jwk" });
    const kek = derived(crypto.diffieHellman({ privateKey: key, publicKey }));
    const unwrap = crypto.createDecipheriv("id-aes256-wrap", kek, wrapIv);
    content = Buffer.concat([unwrap.update(wrapped), unwrap.final()]);
  }
  const gcm = crypto.createDecipheriv("aes-256-gcm", content, iv);
  gcm.setAAD(Buffer.from(parts[0], "ascii")); gcm.setAuthTag(tag);
  process.stdout.write(Buffer.concat([gcm.update(text), gcm.final()]));
} else {
  const key = crypto.createPublicKey(pem), content = crypto.randomBytes(32), iv = crypto.randomBytes(12);
  const header = { alg: "RSA-OAEP-256", enc: "A256GCM", kid: "H99" };
  let wrapped;
  if (key.asymmetricKeyType === "rsa") wrapped = crypto.publicEncrypt(oaep(key), content);
  else {
    header.alg = "ECDH-ES+A256KW";
    const own = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
    header.epk = own.publicKey.export({ format: "jwk" });
    const kek = derived(crypto.diffieHellman({ privateKey: own.privateKey, publicKey: key }));
    const wrap = crypto.createCipheriv("id-aes256-wrap", kek, wrapIv);
    wrapped = Buffer.concat([wrap.update(content), wrap.final()]);
  }
  const first = url(JSON.stringify(header)), gcm = crypto.createCipheriv("aes-256-gcm", content, iv);
  gcm.setAAD(Buffer.from(first, "ascii"));
  const text = Buffer.concat([gcm.update(body), gcm.final()]);
  process.stdout.write([first, url(wrapped), url(iv), url(text), url(gcm.getAuthTag())].join("."));
}
