//! `BEHEST_KEY`: whatever is pasted, an API key fits into a header, and a signing key is whole DER
//! of an RSA key that is long enough.

use super::input;
use base64ct::{Base64, Encoding};
use behest_token::signing_key::BehestKey;

/// Checks one value.
pub fn holds(data: &[u8]) {
    let Some(text) = input::text(data) else {
        return;
    };
    let Ok(key) = BehestKey::parse(&text) else {
        return;
    };
    assert!(["Api(ApiKey(_))", "Signing(Pkcs8(_))"].contains(&format!("{key:?}").as_str()));
    match key {
        BehestKey::Api(key) => {
            assert!(key.0.starts_with("behest_sk_live_") && key.0.is_ascii());
            assert!(
                !key.0
                    .contains(|letter: char| letter.is_ascii_control() || letter == ' ')
            );
        }
        BehestKey::Signing(pkcs8) => {
            let der = pkcs8.0;
            assert!(der.len() > 256, "no room for 2048 bits");
            assert_eq!(der[0], 0x30);
            // One key, in whichever form it is pasted.
            let pem = Base64::encode_string(&der);
            let pem = format!("-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----");
            for form in [
                pem.clone(),
                pem.replace('\n', "\\n"),
                Base64::encode_string(pem.as_bytes()),
                format!("behest_pk_{}", Base64::encode_string(pem.as_bytes())),
            ] {
                match BehestKey::parse(&form) {
                    Ok(BehestKey::Signing(again)) => assert_eq!(again.0, der),
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}
