//! From the start of the process to the first 200 of `/readyz`.

use crate::{
    Error,
    error::During,
    report::{Spec, Target},
};

use super::{Options, server::Server};

const TARGET: Option<Target> = Some(Target::AtMost(100.0));

pub const FIGURES: [Spec; 2] = [
    Spec {
        key: "startup.empty",
        what: "process start to ready, on an empty data folder",
        unit: "ms",
        target: TARGET,
    },
    Spec {
        key: "startup.existing",
        what: "process start to ready, on an existing data folder",
        unit: "ms",
        target: TARGET,
    },
];

pub fn measure(options: &Options) -> Result<[f64; 2], Error> {
    let folder = tempfile::tempdir().during("creating a temporary folder")?;
    let start = || {
        let server = Server::start_in(&options.server, folder.path(), &[])?;
        let ready_ms = server.started_at.elapsed().as_secs_f64() * 1e3;
        server.stop()?;
        Ok::<_, Error>(ready_ms)
    };
    Ok([start()?, start()?])
}
