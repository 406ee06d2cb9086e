import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.apache.xml.security.Init;
import org.apache.xml.security.signature.XMLSignature;
import org.apache.xml.security.transforms.Transforms;
import org.apache.xml.security.utils.Constants;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Signs and verifies with Apache Santuario's own interface.
 *
 * <pre>
 * verify LIST                        LIST: "CERT.pem TAB FILE" a line; prints good | bad | error: why, a line each
 * sign KEY.pem CERT.pem LIST         LIST: "METHOD TAB DIGEST TAB C14N TAB URI TAB FILE" a line (URIs of algorithms);
 *                                    writes FILE.signed; URI: "" = the whole document, "#id" = a part
 * </pre>
 */
public final class SantuarioTool {
    private static final String WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

    public static void main(String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider());  // RSASSA-PSS under its short name is not the JDK's
        Init.init();
        if (args[0].equals("verify")) {
            for (String line : Files.readAllLines(Path.of(args[1]))) {
                String[] job = line.split("\t");
                System.out.println(verify(certificate(job[0]), job[1]));
            }
        } else {
            PrivateKey key = key(args[1]);
            X509Certificate certificate = certificate(args[2]);
            for (String line : Files.readAllLines(Path.of(args[3]))) {
                sign(key, certificate, line.split("\t"));
            }
        }
    }

    private static void sign(PrivateKey key, X509Certificate certificate, String[] job) throws Exception {
        Document document = parse(job[4]);
        XMLSignature signature = new XMLSignature(document, null, job[0], job[2]);
        document.getDocumentElement().appendChild(signature.getElement());
        Transforms transforms = new Transforms(document);
        if (job[3].isEmpty()) {
            transforms.addTransform(Transforms.TRANSFORM_ENVELOPED_SIGNATURE);
        }
        transforms.addTransform(job[2]);
        signature.addDocument(job[3], transforms, job[1]);
        signature.addKeyInfo(certificate);
        signature.sign(key);
        Transformer writer = TransformerFactory.newInstance().newTransformer();
        writer.setOutputProperty(OutputKeys.ENCODING, "UTF-8");
        try (FileOutputStream out = new FileOutputStream(job[4] + ".signed")) {
            writer.transform(new DOMSource(document), new StreamResult(out));
        }
    }

    private static String verify(X509Certificate certificate, String file) {
        try {
            Document document = parse(file);
            NodeList found = document.getElementsByTagNameNS(Constants.SignatureSpecNS, "Signature");
            if (found.getLength() != 1) {
                return "error: " + found.getLength() + " signatures";
            }
            XMLSignature signature = new XMLSignature((Element) found.item(0), "", true);
            return signature.checkSignatureValue(certificate.getPublicKey()) ? "good" : "bad";
        } catch (Exception error) {
            return "error: " + String.valueOf(error).replace('\n', ' ');
        }
    }

    private static Document parse(String file) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        Document document;
        try (InputStream in = new FileInputStream(file)) {
            document = factory.newDocumentBuilder().parse(in);
        }
        NodeList all = document.getElementsByTagNameNS("*", "*");
        for (int i = 0; i < all.getLength(); i++) {
            Element element = (Element) all.item(i);
            for (String space : new String[] {null, WSU}) {
                if (element.hasAttributeNS(space, "Id")) {
                    element.setIdAttributeNS(space, "Id", true);
                }
            }
        }
        return document;
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
