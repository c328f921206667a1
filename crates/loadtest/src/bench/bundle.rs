//! The JavaScript that a browser loads to be in a call by link.

use serde::Deserialize;

use crate::{
    Error,
    report::{Spec, Target},
};

use super::{Options, node};

pub const FIGURES: [Spec; 1] = [Spec {
    key: "bundle.gzip",
    what: "JavaScript to be in a call by link, gzipped",
    unit: "kB",
    target: Some(Target::AtMost(120.0)),
}];

#[derive(Deserialize)]
struct Size {
    bytes: u64,
}

pub fn measure(options: &Options) -> Result<[f64; 1], Error> {
    let size: Size = node::run(&options.web.join("scripts/size.mjs"), &["--json"])?;
    Ok([size.bytes as f64 / 1e3])
}
