import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.crypto.spec.SecretKeySpec;
import javax.xml.XMLConstants;
import javax.xml.crypto.XMLStructure;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.DigestMethod;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.keyinfo.KeyInfoFactory;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Signs and verifies with nothing but the JDK, as an outside maker would.
 *
 * <pre>
 * sign-xml   KEY.pem CERT.pem FORMS FILE...   writes FILE.FORM for each, parted by commas: name | certificate | both |
 *                                             none | default | id
 * verify-xml CERT.pem FILE...                 prints "FILE good|bad|error: why", a line each
 * sign-forms KEY.pem CERT.pem FOLDER FILE     writes FOLDER/METHOD-DIGEST-C14N-FORM.xml for every combination the JDK has
 * sign-jws   KEY.pem CERT.pem KID FILE        prints the detached JWS over the file
 * verify-jws CERT.pem HEADER FILE...          prints "FILE good|bad"
 * verify     LIST                             LIST: "CERT.pem TAB FILE" or "CERT.pem TAB FILE TAB BODY" (a JWS) a line;
 *                                             prints good|bad|error: why
 * canonical  LIST                             LIST: "FORM TAB DOCUMENT" a line (URI, base64); prints the bytes that a
 *                                             Reference to Id="phan" digests, in base64, or "error: why"
 * </pre>
 */
public final class SignatureTool {
    private static final String WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    private static final String MORE = "http://www.w3.org/2001/04/xmldsig-more#";

    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "sign-xml":
                for (int i = 4; i < args.length; i++) {
                    for (String form : args[3].split(",")) {
                        signXml(key(args[1]), certificate(args[2]), form, args[i]);
                    }
                }
                break;
            case "sign-forms":
                signForms(key(args[1]), certificate(args[2]), args[3], args[4]);
                break;
            case "verify-xml":
                for (int i = 2; i < args.length; i++) {
                    System.out.println(args[i] + " " + verifyXml(certificate(args[1]), args[i]));
                }
                break;
            case "sign-jws":
                System.out.println(signJws(key(args[1]), args[3], args[4]));
                break;
            case "verify-jws":
                for (int i = 3; i < args.length; i++) {
                    System.out.println(args[i] + " " + (verifyJws(certificate(args[1]), args[2], args[i]) ? "good" : "bad"));
                }
                break;
            case "verify":
                for (String line : Files.readAllLines(Path.of(args[1]))) {
                    String[] job = line.split("\t");
                    X509Certificate by = certificate(job[0]);
                    System.out.println(job.length == 2 ? verifyXml(by, job[1])
                        : verifyJws(by, Files.readString(Path.of(job[1])), job[2]) ? "good" : "bad");
                }
                break;
            case "canonical":
                for (String line : Files.readAllLines(Path.of(args[1]))) {
                    String[] job = line.split("\t");
                    System.out.println(canonical(job[0], Base64.getDecoder().decode(job[1])));
                }
                break;
            default:
                throw new IllegalArgumentException(args[0]);
        }
    }

    private static void signXml(PrivateKey key, X509Certificate certificate, String form, String file) throws Exception {
        Document document = parse(file);
        Element root = document.getDocumentElement();
        XMLSignatureFactory factory = XMLSignatureFactory.getInstance("DOM");
        String uri = "";
        if (form.equals("id")) {
            uri = "#goc";
            root.setAttributeNS(null, "Id", "goc");
            root.setIdAttributeNS(null, "Id", true);
        }
        List<Transform> transforms = List.of(
            factory.newTransform(Transform.ENVELOPED, (TransformParameterSpec) null),
            factory.newTransform(CanonicalizationMethod.EXCLUSIVE, (TransformParameterSpec) null));
        Reference reference = factory.newReference(
            uri, factory.newDigestMethod(DigestMethod.SHA256, null), transforms, null, null);
        String method = MORE + (key.getAlgorithm().equals("EC") ? "ecdsa-sha256" : "rsa-sha256");
        SignedInfo info = factory.newSignedInfo(
            factory.newCanonicalizationMethod(CanonicalizationMethod.EXCLUSIVE, (C14NMethodParameterSpec) null),
            factory.newSignatureMethod(method, null), List.of(reference));
        DOMSignContext context = new DOMSignContext(key, root);
        if (!form.equals("default")) {
            context.setDefaultNamespacePrefix("dsig");
        }
        factory.newXMLSignature(info, keyInfo(factory, certificate, form)).sign(context);
        Transformer writer = TransformerFactory.newInstance().newTransformer();
        writer.setOutputProperty(OutputKeys.ENCODING, "UTF-8");
        try (FileOutputStream out = new FileOutputStream(file + "." + form)) {
            writer.transform(new DOMSource(document), new StreamResult(out));
        }
    }

    /** What the JDK itself digests, told by the cache of its Reference. */
    private static String canonical(String form, byte[] bytes) {
        try {
            DocumentBuilderFactory parsers = DocumentBuilderFactory.newInstance();
            parsers.setNamespaceAware(true);
            Document document = parsers.newDocumentBuilder().parse(new ByteArrayInputStream(bytes));
            markIds(document);
            XMLSignatureFactory factory = XMLSignatureFactory.getInstance("DOM");
            Transform shape = factory.newTransform(form, (TransformParameterSpec) null);
            Reference reference = factory.newReference(
                "#phan", factory.newDigestMethod(DigestMethod.SHA256, null), List.of(shape), null, null);
            SignedInfo info = factory.newSignedInfo(
                factory.newCanonicalizationMethod(CanonicalizationMethod.EXCLUSIVE, (C14NMethodParameterSpec) null),
                factory.newSignatureMethod(MORE + "hmac-sha256", null), List.of(reference));
            DOMSignContext context = new DOMSignContext(new SecretKeySpec(new byte[32], "HmacSHA256"), document.getDocumentElement());
            context.setProperty("javax.xml.crypto.dsig.cacheReference", Boolean.TRUE);
            factory.newXMLSignature(info, null).sign(context);
            return Base64.getEncoder().encodeToString(reference.getDigestInputStream().readAllBytes());
        } catch (Exception error) {
            return "error: " + String.valueOf(error).replace('\n', ' ');
        }
    }

    private static final String[] CANONICAL = {
        CanonicalizationMethod.EXCLUSIVE, CanonicalizationMethod.EXCLUSIVE_WITH_COMMENTS,
        CanonicalizationMethod.INCLUSIVE, CanonicalizationMethod.INCLUSIVE_WITH_COMMENTS,
        "http://www.w3.org/2006/12/xml-c14n11", "http://www.w3.org/2006/12/xml-c14n11#WithComments"};
    private static final String[] CANONICAL_NAMES = {"exc", "excC", "inc", "incC", "c11", "c11C"};
    private static final String[] DIGESTS = {DigestMethod.SHA256, "http://www.w3.org/2001/04/xmldsig-more#sha384", DigestMethod.SHA512};
    private static final String[] FORMS = {"whole", "wholeId", "part", "object", "plain", "prefixes", "default"};

    /** Every signature method of the key, every canonical form, every way a signature can stand to what it signs. */
    private static void signForms(PrivateKey key, X509Certificate certificate, String folder, String file) throws Exception {
        String pss = "http://www.w3.org/2007/05/xmldsig-more#";
        boolean ec = key.getAlgorithm().equals("EC");
        String[] methods = ec
            ? new String[] {MORE + "ecdsa-sha" + hashBits(key)}
            : new String[] {MORE + "rsa-sha256", MORE + "rsa-sha384", MORE + "rsa-sha512",
                pss + "sha256-rsa-MGF1", pss + "sha384-rsa-MGF1", pss + "sha512-rsa-MGF1", pss + "rsa-pss"};
        for (int m = 0; m < methods.length; m++) {
            for (int c = 0; c < CANONICAL.length; c++) {
                for (int f = 0; f < FORMS.length; f++) {
                    String name = "m" + m + "-" + CANONICAL_NAMES[c] + "-" + FORMS[f] + ".xml";
                    signForm(key, certificate, methods[m], DIGESTS[(m + f) % 3], CANONICAL[c], FORMS[f], file, folder + "/" + name);
                }
            }
        }
    }

    /** The digest that goes with the curve. */
    private static int hashBits(PrivateKey key) {
        int bits = ((java.security.interfaces.ECPrivateKey) key).getParams().getCurve().getField().getFieldSize();
        return bits == 521 ? 512 : bits;
    }

    private static void signForm(PrivateKey key, X509Certificate certificate, String method, String digest, String canonical,
            String form, String file, String to) throws Exception {
        Document document = parse(file);
        Element root = document.getDocumentElement();
        XMLSignatureFactory factory = XMLSignatureFactory.getInstance("DOM");
        markIds(document);
        C14NMethodParameterSpec prefixes = form.equals("prefixes") && canonical.contains("exc")
            ? new javax.xml.crypto.dsig.spec.ExcC14NParameterSpec(List.of("q", "#default")) : null;
        Transform shape = factory.newTransform(canonical, prefixes);
        Transform out = factory.newTransform(Transform.ENVELOPED, (TransformParameterSpec) null);
        List<Transform> transforms;
        String uri;
        List<javax.xml.crypto.dsig.XMLObject> objects = new ArrayList<>();
        switch (form) {
            case "whole": case "default": case "prefixes": uri = ""; transforms = List.of(out, shape); break;
            case "wholeId": uri = "#goc"; transforms = List.of(out, shape); break;
            case "plain": uri = "#phan"; transforms = List.of(); break;
            case "object": uri = "#vat"; transforms = List.of(shape); break;
            default: uri = "#phan"; transforms = List.of(shape); break;
        }
        if (form.equals("object")) {
            Element inside = document.createElementNS("urn:trong", "t:trong");
            inside.setAttributeNS(XMLConstants.XMLNS_ATTRIBUTE_NS_URI, "xmlns:t", "urn:trong");
            inside.appendChild(document.createTextNode("x\r\n<y>"));
            objects.add(factory.newXMLObject(List.of(new javax.xml.crypto.dom.DOMStructure(inside)), "vat", null, null));
        }
        Reference reference = factory.newReference(uri, factory.newDigestMethod(digest, null), transforms, null, null);
        SignedInfo info = factory.newSignedInfo(factory.newCanonicalizationMethod(canonical, (C14NMethodParameterSpec) null),
            factory.newSignatureMethod(method, null), List.of(reference));
        DOMSignContext context = new DOMSignContext(key, root);
        if (!form.equals("default")) {
            context.setDefaultNamespacePrefix("dsig");
        }
        factory.newXMLSignature(info, keyInfo(factory, certificate, "both"), objects, null, null).sign(context);
        Transformer writer = TransformerFactory.newInstance().newTransformer();
        writer.setOutputProperty(OutputKeys.ENCODING, "UTF-8");
        try (FileOutputStream stream = new FileOutputStream(to)) {
            writer.transform(new DOMSource(document), new StreamResult(stream));
        }
    }

    private static void markIds(Document document) {
        NodeList all = document.getElementsByTagNameNS("*", "*");
        for (int i = 0; i < all.getLength(); i++) {
            Element element = (Element) all.item(i);
            for (String space : new String[] {null, WSU}) {
                if (element.hasAttributeNS(space, "Id")) {
                    element.setIdAttributeNS(space, "Id", true);
                }
            }
        }
    }

    private static KeyInfo keyInfo(XMLSignatureFactory factory, X509Certificate certificate, String form) {
        KeyInfoFactory keys = factory.getKeyInfoFactory();
        List<XMLStructure> content = new ArrayList<>();
        if (form.equals("name") || form.equals("both")) {
            content.add(keys.newKeyName("bus"));
        }
        if (form.equals("certificate") || form.equals("both")) {
            content.add(keys.newX509Data(List.of(certificate)));
        }
        return content.isEmpty() ? null : keys.newKeyInfo(content);
    }

    private static String verifyXml(X509Certificate certificate, String file) {
        try {
            Document document = parse(file);
            markIds(document);
            NodeList found = document.getElementsByTagNameNS(XMLSignature.XMLNS, "Signature");
            if (found.getLength() != 1) {
                return "error: " + found.getLength() + " signatures";
            }
            DOMValidateContext context = new DOMValidateContext(certificate.getPublicKey(), found.item(0));
            context.setProperty("org.jcp.xml.dsig.secureValidation", Boolean.TRUE);
            return XMLSignatureFactory.getInstance("DOM").unmarshalXMLSignature(context).validate(context) ? "good" : "bad";
        } catch (Exception error) {
            return "error: " + error;
        }
    }

    private static String signJws(PrivateKey key, String kid, String file) throws Exception {
        boolean ec = key.getAlgorithm().equals("EC");
        String header = "{\"alg\":\"" + (ec ? "ES256" : "RS256") + "\",\"kid\":\"" + kid + "\"}";
        String first = url(header.getBytes(StandardCharsets.UTF_8));
        Signature signature = Signature.getInstance(ec ? "SHA256withECDSAinP1363Format" : "SHA256withRSA");
        signature.initSign(key);
        signature.update((first + "." + url(Files.readAllBytes(Path.of(file)))).getBytes(StandardCharsets.US_ASCII));
        return first + ".." + url(signature.sign());
    }

    private static boolean verifyJws(X509Certificate certificate, String jws, String file) throws Exception {
        String[] parts = jws.split("\\.", -1);
        PublicKey key = certificate.getPublicKey();
        boolean ec = key.getAlgorithm().equals("EC");
        Signature signature = Signature.getInstance(ec ? "SHA256withECDSAinP1363Format" : "SHA256withRSA");
        signature.initVerify(key);
        signature.update((parts[0] + "." + url(Files.readAllBytes(Path.of(file)))).getBytes(StandardCharsets.US_ASCII));
        return parts.length == 3 && parts[1].isEmpty() && signature.verify(Base64.getUrlDecoder().decode(parts[2]));
    }

    private static String url(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private static Document parse(String file) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        return factory.newDocumentBuilder().parse(new File(file));
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
