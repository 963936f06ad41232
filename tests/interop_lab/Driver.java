/* Bouncy Castle, asked line by line: a verb and fields in base64, "-" for none; answers "ok FIELD" or "no WHY". */

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.RSAESOAEPparams;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.util.Store;

public class Driver {
    static byte[][] fields;

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = input.readLine()) != null;) {
            String[] words = line.split(" ");
            fields = new byte[words.length][];
            for (int at = 1; at < words.length; at++)
                fields[at] = words[at].equals("-") ? null : Base64.getDecoder().decode(words[at]);
            try {
                System.out.println("ok " + Base64.getEncoder().encodeToString(answer(words[0])));
            } catch (Throwable error) {
                System.out.println("no " + error.toString().replaceAll("\\s+", " "));
            }
            System.out.flush();
        }
    }

    static byte[] answer(String verb) throws Exception {
        switch (verb) {
            case "version": return Double.toString(Security.getProvider("BC").getVersion()).getBytes();
            case "decrypt": return decrypt(fields[1], key(fields[2]), certificate(fields[3]));
            case "verify": return verify(fields[1], fields[2]);
            case "decompress": return new CMSCompressedData(fields[1]).getContent(new ZlibExpanderProvider());
            case "compress": return new CMSCompressedDataGenerator()
                .generate(new CMSProcessableByteArray(fields[1]), new ZlibCompressor()).getEncoded();
            case "encrypt": return encrypt(new String(fields[1]), fields[2], certificate(fields[3]));
            default: return sign(new String(fields[1]), fields[2], key(fields[3]), certificate(fields[4]));
        }
    }

    static byte[] decrypt(byte[] octets, PrivateKey key, X509Certificate certificate) throws Exception {
        X509CertificateHolder holder = new JcaX509(certificate).holder;
        boolean agreement = key.getAlgorithm().startsWith("EC");
        boolean authenticated = new String(octets, 0, Math.min(40, octets.length), "ISO-8859-1")
            .contains("\u0009\u0010\u0001\u0017");
        RecipientInformationStore store = authenticated
            ? new CMSAuthEnvelopedData(octets).getRecipientInfos()
            : new CMSEnvelopedData(octets).getRecipientInfos();
        for (RecipientInformation one : store.getRecipients())
            if (one.getRID().match(holder)) {
                if (agreement)
                    return one.getContent(new JceKeyAgreeEnvelopedRecipient(key).setProvider("BC"));
                if (authenticated)
                    return one.getContent(new JceKeyTransAuthEnvelopedRecipient(key).setProvider("BC"));
                return one.getContent(new JceKeyTransEnvelopedRecipient(key).setProvider("BC"));
            }
        throw new Exception("no recipient");
    }

    static byte[] verify(byte[] octets, byte[] content) throws Exception {
        CMSSignedData signed = content == null
            ? new CMSSignedData(octets) : new CMSSignedData(new CMSProcessableByteArray(content), octets);
        Store<X509CertificateHolder> sent = signed.getCertificates();
        int number = 0;
        for (SignerInformation one : signed.getSignerInfos().getSigners()) {
            X509CertificateHolder holder = (X509CertificateHolder) sent.getMatches(one.getSID()).iterator().next();
            if (!one.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(holder)))
                throw new Exception("bad signature");
            number++;
        }
        if (number == 0) throw new Exception("nobody has signed");
        return new byte[0];
    }

    static byte[] encrypt(String what, byte[] content, X509Certificate certificate) throws Exception {
        CMSTypedData data = new CMSProcessableByteArray(content);
        ASN1ObjectIdentifier cipher = what.contains("3DES") ? CMSAlgorithm.DES_EDE3_CBC
            : what.contains("GCM") ? CMSAlgorithm.AES256_GCM
            : what.contains("128") ? CMSAlgorithm.AES128_CBC : CMSAlgorithm.AES256_CBC;
        OutputEncryptor encryptor = new JceCMSContentEncryptorBuilder(cipher).setProvider("BC").build();
        RecipientInfoGenerator recipient;
        if (what.contains("OAEP")) {
            AlgorithmIdentifier sha256 = new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha256, DERNull.INSTANCE);
            recipient = new JceKeyTransRecipientInfoGenerator(certificate, new AlgorithmIdentifier(
                PKCSObjectIdentifiers.id_RSAES_OAEP, new RSAESOAEPparams(sha256,
                    new AlgorithmIdentifier(PKCSObjectIdentifiers.id_mgf1, sha256),
                    RSAESOAEPparams.DEFAULT_P_SOURCE_ALGORITHM))).setProvider("BC");
        } else if (what.contains("key identifier")) {
            recipient = new JceKeyTransRecipientInfoGenerator(
                certificate.getExtensionValue("2.5.29.14") == null ? null
                    : new org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils()
                        .createSubjectKeyIdentifier(certificate.getPublicKey()).getKeyIdentifier(),
                certificate.getPublicKey()).setProvider("BC");
        } else if (what.contains("RSA")) {
            recipient = new JceKeyTransRecipientInfoGenerator(certificate).setProvider("BC");
        } else {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", "BC");
            generator.initialize(((ECPublicKey) certificate.getPublicKey()).getParams());
            KeyPair pair = generator.generateKeyPair();
            ASN1ObjectIdentifier agreement = what.contains("cofactor") ? CMSAlgorithm.ECCDH_SHA256KDF
                : what.contains("SHA-1") ? CMSAlgorithm.ECDH_SHA1KDF
                : what.contains("SHA-384") ? CMSAlgorithm.ECDH_SHA384KDF
                : what.contains("SHA-512") ? CMSAlgorithm.ECDH_SHA512KDF : CMSAlgorithm.ECDH_SHA256KDF;
            recipient = new JceKeyAgreeRecipientInfoGenerator(agreement, pair.getPrivate(), pair.getPublic(),
                CMSAlgorithm.AES256_WRAP).addRecipient(certificate).setProvider("BC");
        }
        if (what.contains("GCM") && !what.contains("EnvelopedData")) {
            CMSAuthEnvelopedDataGenerator generator = new CMSAuthEnvelopedDataGenerator();
            generator.addRecipientInfoGenerator(recipient);
            return generator.generate(data, (OutputAEADEncryptor) encryptor).getEncoded();
        }
        CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
        generator.addRecipientInfoGenerator(recipient);
        return generator.generate(data, encryptor).getEncoded();
    }

    static byte[] sign(String what, byte[] content, PrivateKey key, X509Certificate certificate) throws Exception {
        String algorithm = what.contains("PSS") ? "SHA256withRSAandMGF1" : what.contains("Ed25519") ? "Ed25519"
            : what.contains("P-384") ? "SHA384withECDSA" : what.contains("P-521") ? "SHA512withECDSA"
            : what.contains("P-256") ? "SHA256withECDSA" : "SHA256withRSA";
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(new JcaSignerInfoGeneratorBuilder(
            new JcaDigestCalculatorProviderBuilder().setProvider("BC").build())
            .build(new JcaContentSignerBuilder(algorithm).setProvider("BC").build(key), certificate));
        generator.addCertificates(new JcaCertStore(List.of(certificate)));
        return generator.generate(new CMSProcessableByteArray(content), what.contains("around")).getEncoded();
    }

    static X509Certificate certificate(byte[] octets) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509", "BC")
            .generateCertificate(new ByteArrayInputStream(octets));
    }

    static PrivateKey key(byte[] octets) throws Exception {
        ASN1ObjectIdentifier kind = org.bouncycastle.asn1.pkcs.PrivateKeyInfo.getInstance(octets)
            .getPrivateKeyAlgorithm().getAlgorithm();
        String name = kind.getId().startsWith("1.2.840.113549") ? "RSA" : kind.getId().startsWith("1.2.840.10045")
            ? "EC" : kind.getId();
        return KeyFactory.getInstance(name, "BC").generatePrivate(new PKCS8EncodedKeySpec(octets));
    }

    static class JcaX509 {
        final X509CertificateHolder holder;

        JcaX509(X509Certificate certificate) throws Exception {
            holder = new org.bouncycastle.cert.jcajce.JcaX509CertificateHolder(certificate);
        }
    }
}
