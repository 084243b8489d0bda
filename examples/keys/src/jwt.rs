//! Signed tokens, as far as this service needs them: JSON Web Tokens (RFC 7519) with the signature Ed25519 (RFC 8037).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The first part of a token.
#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

/// What the token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// About whom.
    pub sub: String,
    /// Until when it holds, in seconds since 1970.
    pub exp: u64,
}

/// A token whose signature is not verified yet.
pub struct Unverified<'t> {
    /// Which key has signed it, as the token says.
    pub key_id: String,
    claims: &'t str,
    signed: &'t str,
    signature: Signature,
}

/// Signs a token.
///
/// # Errors
///
/// None: claims of other types may have some.
pub fn sign(key_id: &str, key: &SigningKey, claims: &Claims) -> serde_json::Result<String> {
    let header = Header { alg: "EdDSA".to_owned(), kid: key_id.to_owned() };
    let [header, claims] =
        [serde_json::to_vec(&header)?, serde_json::to_vec(claims)?].map(|part| BASE64.encode(part));
    let signature = BASE64.encode(key.sign(format!("{header}.{claims}").as_bytes()).to_bytes());
    Ok(format!("{header}.{claims}.{signature}"))
}

impl<'t> Unverified<'t> {
    /// Takes a token apart; `None` if it is none.
    pub fn parse(token: &'t str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = decode(header)?;
        // The token must not choose how it is verified.
        let signature = Signature::from_slice(&BASE64.decode(signature).ok()?).ok()?;
        (header.alg == "EdDSA").then_some(Self { key_id: header.kid, claims, signed, signature })
    }

    /// What the token says, if this key has signed it.
    pub fn verified(&self, key: &VerifyingKey) -> Option<Claims> {
        key.verify_strict(self.signed.as_bytes(), &self.signature).ok()?;
        decode(self.claims)
    }
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64.decode(part).ok()?).ok()
}

/// A public key as a part of a key set: RFC 8037, section 2.
#[derive(Serialize, Deserialize)]
pub struct Jwk {
    kty: String,
    crv: String,
    /// The key's name.
    pub kid: String,
    x: String,
}

impl Jwk {
    /// Describes a key.
    pub fn new(key_id: &str, key: &VerifyingKey) -> Self {
        let [kty, crv, kid] = ["OKP", "Ed25519", key_id].map(str::to_owned);
        Self { kty, crv, kid, x: BASE64.encode(key.to_bytes()) }
    }

    /// The key; `None` if it is one of another kind.
    pub fn key(&self) -> Option<VerifyingKey> {
        if (self.kty.as_str(), self.crv.as_str()) != ("OKP", "Ed25519") {
            return None;
        }
        VerifyingKey::from_bytes(&BASE64.decode(&self.x).ok()?.try_into().ok()?).ok()
    }
}
