//! The two files that hold signatures of one statement: a DSSE envelope (ed25519), and a Sigstore bundle (ECDSA P-256 over SHA-256).
//! Both sign DSSE's pre-authentication encoding, `DSSEv1 LEN TYPE LEN BODY`.

use crate::keys::hint;
use crate::statement::Statement;
use crate::{Keys, PublicKeys, Result, SignError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bundle::{files, write_atomic};
use ed25519_dalek::Signer;
use p256::ecdsa;
use p256::ecdsa::signature::Verifier;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::Path;

/// The envelope.
pub const ATTESTATION: &str = "attestation.dsse.json";
/// The bundle that the model-signing tool reads.
pub const SIGNATURE: &str = "model.sig";

const PAYLOAD: &str = "application/vnd.in-toto+json";
const SIGSTORE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The fields in the order in which they are written.
#[derive(Serialize)]
struct Envelope {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: &'static str,
    signatures: [Signed; 1],
}

/// The same two fields: each format's own tools write them in an order of their own.
#[derive(Serialize)]
#[serde(untagged)]
enum Signed {
    Dsse { keyid: String, sig: String },
    Sigstore { sig: String, keyid: String },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sigstore {
    media_type: &'static str,
    verification_material: Material,
    dsse_envelope: Envelope,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    public_key: Value,
    tlog_entries: [Value; 0],
}

/// Signs every file of a folder, and writes both signatures into it. They are the same bytes each time.
///
/// # Errors
/// What cannot be signed, or written.
pub fn sign(folder: &Path, name: &str, keys: &Keys) -> Result<usize> {
    let statement = Statement::of(folder, name)?;
    let (body, public) = (statement.bytes(), keys.public());
    let encoded = pre_authentication(&body);
    let ed25519 = keys.ed25519.sign(&encoded).to_bytes();
    let p256: ecdsa::Signature = keys.p256.sign(&encoded);
    // Of two that hold, the one with the lower s is ours.
    let p256 = p256.normalize_s().unwrap_or(p256);
    write_atomic(&folder.join(ATTESTATION), attestation(&body, &public, &ed25519).as_bytes())?;
    write_atomic(&folder.join(SIGNATURE), bundle(&body, &public, p256.to_der().as_bytes()).as_bytes())?;
    Ok(statement.files())
}

/// Checks both signatures and every file of a folder; says how many files there are.
///
/// # Errors
/// A folder that is unsigned; a file that differs, is gone or was added, by name; signature files with any other byte than `sign` writes.
pub fn verify(folder: &Path, author: &PublicKeys) -> Result<usize> {
    let [attested, signed] = [ATTESTATION, SIGNATURE].map(|name| folder.join(name));
    if !attested.exists() && !signed.exists() {
        return Err(SignError::Unsigned(folder.into()));
    }
    let (body, ed25519) = opened(&attested, "")?;
    let (same, p256) = opened(&signed, "/dsseEnvelope")?;
    let broken = |path: &Path, reason: &str| SignError::Broken { path: path.into(), reason: reason.into() };
    if body != same {
        return Err(broken(&signed, &format!("it signs another statement than {ATTESTATION}")));
    }
    let encoded = pre_authentication(&body);
    let held = ed25519_dalek::Signature::from_slice(&ed25519).and_then(|s| author.ed25519.verify_strict(&encoded, &s));
    held.map_err(|_| broken(&attested, "the author's key did not make this signature"))?;
    let low = ecdsa::Signature::from_der(&p256).ok().filter(|s| s.normalize_s().is_none());
    low.filter(|s| author.p256.verify(&encoded, s).is_ok())
        .ok_or_else(|| broken(&signed, "the author's key did not make this signature"))?;
    for (path, expected) in [(&attested, attestation(&body, author, &ed25519)), (&signed, bundle(&body, author, &p256))]
    {
        if files::read_text(path)? != expected {
            return Err(broken(path, "the signature holds, and the file is not written as `sign` writes it"));
        }
    }
    let statement: Statement = serde_json::from_slice(&body).map_err(|e| broken(&attested, &e.to_string()))?;
    match statement.differs(&Statement::of(folder, statement.name())?) {
        None => Ok(statement.files()),
        Some((path, found)) => Err(SignError::Differs { path: folder.join(path), found }),
    }
}

/// The statement and the signature in a file, whose envelope lies at this pointer.
fn opened(path: &Path, envelope: &str) -> Result<(Vec<u8>, Vec<u8>)> {
    let text = files::read_text(path)?;
    let broken = |reason: String| SignError::Broken { path: path.into(), reason };
    let file: Value = serde_json::from_str(&text).map_err(|e| broken(e.to_string()))?;
    let part = |pointer: &str| {
        let text = file.pointer(&format!("{envelope}{pointer}")).and_then(Value::as_str);
        text.and_then(|text| STANDARD.decode(text).ok()).ok_or_else(|| broken(format!("it has no {pointer} in base64")))
    };
    Ok((part("/payload")?, part("/signatures/0/sig")?))
}

fn pre_authentication(body: &[u8]) -> Vec<u8> {
    let mut encoded = format!("DSSEv1 {} {PAYLOAD} {} ", PAYLOAD.len(), body.len()).into_bytes();
    encoded.extend(body);
    encoded
}

fn attestation(body: &[u8], author: &PublicKeys, signature: &[u8]) -> String {
    let signed = Signed::Dsse { keyid: hint(&author.ed25519), sig: STANDARD.encode(signature) };
    text(&envelope(body, signed))
}

fn bundle(body: &[u8], author: &PublicKeys, signature: &[u8]) -> String {
    text(&Sigstore {
        media_type: SIGSTORE,
        verification_material: Material { public_key: json!({ "hint": hint(&author.p256) }), tlog_entries: [] },
        dsse_envelope: envelope(body, Signed::Sigstore { sig: STANDARD.encode(signature), keyid: String::new() }),
    })
}

fn envelope(body: &[u8], signed: Signed) -> Envelope {
    Envelope { payload: STANDARD.encode(body), payload_type: PAYLOAD, signatures: [signed] }
}

fn text(file: &impl Serialize) -> String {
    serde_json::to_string_pretty(file).expect("a signature serialises") + "\n"
}
