"""Where our private keys may live besides PEM: PKCS#12 containers, hardware by PKCS#11, a remote signer."""
