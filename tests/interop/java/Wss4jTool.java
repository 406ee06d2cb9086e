import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.TreeSet;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.apache.ws.security.WSConstants;
import org.apache.ws.security.WSDataRef;
import org.apache.ws.security.WSEncryptionPart;
import org.apache.ws.security.WSPasswordCallback;
import org.apache.ws.security.WSSConfig;
import org.apache.ws.security.WSSecurityEngine;
import org.apache.ws.security.WSSecurityEngineResult;
import org.apache.ws.security.components.crypto.Merlin;
import org.apache.ws.security.message.WSSecHeader;
import org.apache.ws.security.message.WSSecSignature;
import org.apache.ws.security.message.WSSecTimestamp;
import org.apache.ws.security.message.WSSecUsernameToken;
import org.w3c.dom.Document;

/**
 * Secures and checks SOAP messages with Apache WSS4J, as a partner's server would.
 *
 * <pre>
 * verify PASSWORD LIST                LIST: "CERT.pem TAB FILE" a line; prints "good: PART PART ..." (the local names
 *                                     the signature covers, then user=NAME) or "error: why", a line each
 * secure KEY.pem CERT.pem USER PASSWORD LIST
 *                                     LIST: "METHOD TAB DIGEST TAB C14N TAB PART,PART TAB FILE" a line; a part is
 *                                     "NAMESPACE|NAME"; USER - for no UsernameToken; writes FILE.secured
 * </pre>
 */
public final class Wss4jTool {
    public static void main(String[] args) throws Exception {
        WSSConfig.setAddJceProviders(false);
        if (args[0].equals("verify")) {
            for (String line : Files.readAllLines(Path.of(args[2]))) {
                String[] job = line.split("\t");
                System.out.println(verify(crypto(null, certificate(job[0])), args[1], job[1]));
            }
        } else {
            Merlin crypto = crypto(key(args[1]), certificate(args[2]));
            for (String line : Files.readAllLines(Path.of(args[5]))) {
                secure(crypto, args[3], args[4], line.split("\t"));
            }
        }
    }

    private static String verify(Merlin crypto, String password, String file) {
        try {
            CallbackHandler passwords = callbacks -> {
                for (Callback callback : callbacks) {
                    ((WSPasswordCallback) callback).setPassword(password);
                }
            };
            WSSecurityEngine engine = new WSSecurityEngine();
            engine.setWssConfig(WSSConfig.getNewInstance());
            List<WSSecurityEngineResult> results = engine.processSecurityHeader(parse(file), null, passwords, crypto);
            if (results == null) {
                return "error: no Security header";
            }
            TreeSet<String> parts = new TreeSet<>();
            String user = "-";
            for (WSSecurityEngineResult result : results) {
                Object covered = result.get(WSSecurityEngineResult.TAG_DATA_REF_URIS);
                if (covered != null) {
                    for (Object each : (List<?>) covered) {
                        parts.add(((WSDataRef) each).getName().getLocalPart());
                    }
                }
                Object token = result.get(WSSecurityEngineResult.TAG_USERNAME_TOKEN);
                if (token != null) {
                    user = ((org.apache.ws.security.message.token.UsernameToken) token).getName();
                }
            }
            return "good: " + String.join(" ", parts) + " user=" + user;
        } catch (Exception error) {
            Throwable cause = error.getCause();
            return ("error: " + error + (cause != null ? " / " + cause : "")).replace('\n', ' ');
        }
    }

    private static void secure(Merlin crypto, String user, String password, String[] job) throws Exception {
        Document document = parse(job[4]);
        WSSecHeader header = new WSSecHeader();
        header.insertSecurityHeader(document);
        new WSSecTimestamp().build(document, header);
        List<WSEncryptionPart> parts = new ArrayList<>();
        for (String part : job[3].split(",")) {
            String[] name = part.split("\\|");
            parts.add(new WSEncryptionPart(name[1], name[0], "Element"));
        }
        parts.add(new WSEncryptionPart("Timestamp", WSConstants.WSU_NS, "Element"));
        if (!user.equals("-")) {
            WSSecUsernameToken token = new WSSecUsernameToken();
            token.setPasswordType(WSConstants.PASSWORD_DIGEST);
            token.setUserInfo(user, password);
            token.addNonce();
            token.addCreated();
            token.build(document, header);
            parts.add(new WSEncryptionPart("UsernameToken", WSConstants.WSSE_NS, "Element"));
        }
        WSSecSignature signature = new WSSecSignature();
        signature.setUserInfo("bus", "x");
        signature.setKeyIdentifierType(WSConstants.BST_DIRECT_REFERENCE);
        signature.setSignatureAlgorithm(job[0]);
        signature.setDigestAlgo(job[1]);
        signature.setSigCanonicalization(job[2]);
        signature.setParts(parts);
        signature.build(document, crypto, header);
        Transformer writer = TransformerFactory.newInstance().newTransformer();
        writer.setOutputProperty(OutputKeys.ENCODING, "UTF-8");
        try (FileOutputStream out = new FileOutputStream(job[4] + ".secured")) {
            writer.transform(new DOMSource(document), new StreamResult(out));
        }
    }

    private static Merlin crypto(PrivateKey key, X509Certificate certificate) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, new char[0]);
        if (key != null) {
            store.setKeyEntry("bus", key, "x".toCharArray(), new Certificate[] {certificate});
        } else {
            store.setCertificateEntry("bus", certificate);
        }
        Merlin crypto = new Merlin();
        crypto.setKeyStore(store);
        return crypto;
    }

    private static Document parse(String file) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        try (InputStream in = new FileInputStream(file)) {
            return factory.newDocumentBuilder().parse(in);
        }
    }

    private static PrivateKey key(String file) throws Exception {
        String text = Files.readString(Path.of(file)).replaceAll("-----[A-Z ]+-----|\\s", "");
        PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text));
        try {
            return KeyFactory.getInstance("EC").generatePrivate(spec);
        } catch (java.security.spec.InvalidKeySpecException other) {
            return KeyFactory.getInstance("RSA").generatePrivate(spec);
        }
    }

    private static X509Certificate certificate(String file) throws Exception {
        try (FileInputStream in = new FileInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }
}
