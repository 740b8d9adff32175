//! The server on loopback over TLS, with a certificate made for the test.

use super::server::{Server, serve};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::sync::Arc;

/// It, and the certificate that its clients have to trust.
pub(crate) fn server() -> (Server, String) {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_string()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![own.cert.der().clone()], key).unwrap();
    let config = Arc::new(config);
    let hear = move |stream, state: &_| {
        serve(StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream), state);
    };
    (Server::listening("https", hear), own.cert.pem())
}
