//! The second person's wait for the first picture, in a real browser.

use serde::Deserialize;

use crate::{
    Error,
    report::{Figure, Spec, Target},
};

use super::{Options, node, server::Server};

const FIGURE: Spec = Spec {
    key: "join.first-frame",
    what: "click on Join to the first decoded remote frame, Chromium",
    unit: "ms",
    target: Some(Target::AtMost(500.0)),
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Joins {
    samples_ms: Vec<f64>,
}

pub fn measure(options: &Options, samples: usize) -> Result<Vec<Figure>, Error> {
    let server = Server::start(&options.server)?;
    let origin = format!("http://{}", server.addr);
    let script = options.web.join("e2e/bench/join.mjs");
    let arguments = ["--origin", &origin, "--samples", &samples.to_string()];
    let joins: Joins = node::run(&script, &arguments)?;
    Ok(Figure::new(FIGURE, joins.samples_ms).into_iter().collect())
}
