//! HTTPS: certificates of the operator, and of the local authority.

use std::{net::TcpStream, sync::Arc};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, Error, RootCertStore, StreamOwned, crypto::ring,
};

use crate::server::{Options, Response, Server, request};

fn connect(
    server: &Server,
    name: &str,
    trusted_pem: &str,
) -> Result<StreamOwned<ClientConnection, TcpStream>, Error> {
    let mut roots = RootCertStore::empty();
    let trusted = CertificateDer::from_pem_slice(trusted_pem.as_bytes()).unwrap();
    roots.add(trusted).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = server.connect();
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut stream) {
            let error = error.downcast::<Error>().unwrap();
            return Err(error);
        }
    }
    Ok(StreamOwned::new(connection, stream))
}

fn get(server: &Server, name: &str, trusted_pem: &str, path: &str) -> Response {
    let stream = connect(server, name, trusted_pem).unwrap();
    request(stream, name, "GET", path, &[], "")
}

struct Certificate {
    cert: String,
    key: String,
}

fn certificate() -> Certificate {
    let names = vec!["call.example.org".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    Certificate {
        cert: cert.pem(),
        key: signing_key.serialize_pem(),
    }
}

#[test]
fn own_certificate_is_served_and_its_successor_too() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    let write = |certificate: &Certificate| {
        std::fs::write(&cert, &certificate.cert).unwrap();
        std::fs::write(&key, &certificate.key).unwrap();
    };
    let first = certificate();
    write(&first);
    let server = Options::new()
        .argument("--tls-cert")
        .argument(cert.to_str().unwrap())
        .argument("--tls-key")
        .argument(key.to_str().unwrap())
        .start();
    let response = get(&server, "call.example.org", &first.cert, "/readyz");
    assert_eq!(response.status, 200);
    assert!(
        response
            .header("strict-transport-security")
            .starts_with("max-age=")
    );

    std::fs::write(&cert, "nonsense").unwrap();
    server.log_of("certificate not reloaded; the one before stays");
    assert_eq!(
        get(&server, "call.example.org", &first.cert, "/readyz").status,
        200
    );

    let second = certificate();
    write(&second);
    server.log_of("certificate reloaded");
    assert_eq!(
        get(&server, "call.example.org", &second.cert, "/readyz").status,
        200
    );
    assert!(connect(&server, "call.example.org", &first.cert).is_err());
}

#[test]
fn certificate_that_cannot_be_used_ends_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    std::fs::write(&cert, certificate().cert).unwrap();
    std::fs::write(&key, certificate().key).unwrap();
    let output = crate::server::program(folder.path())
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--metrics-listen",
            "off",
        ])
        .args(["--tls-cert", "cert.pem", "--tls-key", "key.pem"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(
        complaint.contains("cert.pem and key.pem do not fit"),
        "{complaint}"
    );
}

#[test]
fn local_authority_vouches_for_this_machine_and_stays_over_a_restart() {
    use std::os::unix::fs::PermissionsExt;

    let mut server = Options::new().argument("--lan").start();
    let folder = server.data_dir().join("lan");
    let authority = std::fs::read_to_string(folder.join("ca.pem")).unwrap();
    let key_mode = std::fs::metadata(folder.join("ca.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(key_mode & 0o777, 0o600);

    let response = get(&server, "localhost", &authority, "/ca.pem");
    assert_eq!(
        response.header("content-type"),
        "application/x-x509-ca-cert"
    );
    assert_eq!(response.text(), authority);
    // An address in a local network belongs to another machine tomorrow.
    assert_eq!(response.header("strict-transport-security"), "");
    assert_eq!(get(&server, "127.0.0.1", &authority, "/livez").status, 200);
    // Someone typed the address without its scheme.
    let plain = server.get("/r/ABC12345");
    assert_eq!(plain.status, 307);
    let secure = format!("https://{}/r/ABC12345", server.address);
    assert_eq!(plain.header("location"), secure);
    assert!(connect(&server, "other.example.org", &authority).is_err());

    server.kill();
    let told = server.output();
    assert!(
        told.contains(&format!("https://{}/", server.address)),
        "{told}"
    );
    assert!(told.contains('▄') && told.contains("ca.pem"), "{told}");

    let server = server.restart(Options::new().argument("--lan"));
    assert_eq!(get(&server, "localhost", &authority, "/readyz").status, 200);
}

#[test]
fn healthcheck_takes_any_certificate() {
    let server = Options::new().argument("--lan").start();
    let folder = tempfile::tempdir().unwrap();
    let output = crate::server::program(folder.path())
        .args([
            "healthcheck",
            "--url",
            &format!("https://{}", server.address),
        ])
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
