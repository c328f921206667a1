//! `cargo xtask test`: every check, one after the other, all of them even when one fails.

mod deny;
mod deploy;
mod rust;
mod unit_file;
mod web;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

pub use deploy::write_manifests;

use crate::{build, deb, dependency_rules, dist, e2e, fuzz, generate, image, packages};

struct Step {
    name: &'static str,
    what: &'static str,
    /// Debian packages that it needs beyond a compiler and Node.
    packages: &'static [&'static str],
    run: fn() -> Result<()>,
}

/// In the order of how soon they tell something, but for those that use what another one built.
const STEPS: &[Step] = &[
    Step {
        name: "format",
        what: "rustfmt changes nothing",
        packages: &[],
        run: rust::format,
    },
    Step {
        name: "arrows",
        what: "crates depend on those below them only",
        packages: &[],
        run: dependency_rules::check,
    },
    Step {
        name: "clippy",
        what: "clippy has no word to say",
        packages: &[],
        run: rust::clippy,
    },
    Step {
        name: "docs",
        what: "rustdoc finds what is linked",
        packages: &[],
        run: rust::docs,
    },
    Step {
        name: "rust",
        what: "unit, property and integration tests of all crates",
        packages: packages::TURN,
        run: rust::tests,
    },
    Step {
        name: "wasm",
        what: "the pure crates build for wasm32",
        packages: &[],
        run: rust::wasm,
    },
    Step {
        name: "deny",
        what: "licences and sources of all dependencies",
        packages: &[],
        run: deny::check,
    },
    Step {
        name: "deploy",
        what: "load balancers, Prometheus, dashboard, compose file, chart and manifests are right",
        packages: packages::DEPLOY,
        run: deploy::check,
    },
    Step {
        name: "web-types",
        what: "TypeScript, strict",
        packages: &[],
        run: web::types,
    },
    Step {
        name: "web-lint",
        what: "the linter, with the import directions and jsx-a11y",
        packages: &[],
        run: web::lint,
    },
    Step {
        name: "web-unit",
        what: "vitest",
        packages: &[],
        run: web::unit,
    },
    Step {
        name: "build",
        what: "web/dist and the release binary",
        packages: &[],
        run: || build::build().map(|_| ()),
    },
    Step {
        name: "web-size",
        what: "JavaScript to be in a call within its budget",
        packages: &[],
        run: web::size,
    },
    Step {
        name: "generated",
        what: "generated files are as the code has them",
        packages: &[],
        run: generate::check_with_release_binary,
    },
    Step {
        name: "fuzz",
        what: "each decoder of outside bytes, for ten seconds",
        packages: packages::FUZZ,
        run: || fuzz::run(&[]),
    },
    Step {
        name: "cluster",
        what: "many nodes over a real Redis, with everything failing that can",
        packages: packages::CLUSTER,
        run: rust::cluster,
    },
    Step {
        name: "e2e",
        what: "real browsers against the real binary",
        packages: packages::E2E,
        run: || e2e::run(&[]),
    },
    Step {
        name: "unit-file",
        what: "systemd accepts the unit and finds it hardened",
        packages: packages::UNIT,
        run: unit_file::check,
    },
    Step {
        name: "dist",
        what: "the archive with its licence notices, twice the same",
        packages: &[],
        run: dist::check,
    },
    Step {
        name: "deb",
        what: "the Debian package, twice the same, and what is in it works",
        packages: packages::DEB,
        run: deb::check,
    },
    Step {
        name: "image",
        what: "the container image builds, starts and is ready, over Redis too",
        packages: packages::IMAGE,
        run: image::check,
    },
];

pub fn run(arguments: &[String]) -> Result<()> {
    let Some(chosen) = choose(arguments)? else {
        for Step { name, what, .. } in STEPS {
            println!("{name:<10} {what}");
        }
        return Ok(());
    };
    let mut results = Vec::new();
    for step in chosen {
        println!("\n== {} ==", step.name);
        let start = now();
        let result = packages::need(step.packages).and_then(|()| (step.run)());
        if let Err(error) = &result {
            println!("{} failed: {error:#}", step.name);
        }
        results.push((step, result.is_ok(), start.elapsed()));
    }
    report(&results)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a step takes is told to a person"
)]
fn now() -> Instant {
    Instant::now()
}

/// The steps that the arguments ask for; `None` for `--list`.
fn choose(arguments: &[String]) -> Result<Option<Vec<&'static Step>>> {
    let (mut only, mut skip) = (Vec::new(), Vec::new());
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        let list = match argument {
            "--list" => return Ok(None),
            "--only" => &mut only,
            "--skip" => &mut skip,
            other => bail!("`cargo xtask test` does not know `{other}`"),
        };
        let Some(names) = arguments.next() else {
            bail!("`{argument}` needs a step or several with commas between them");
        };
        for name in names.split(',') {
            if !STEPS.iter().any(|step| step.name == name) {
                bail!("no step `{name}`; `cargo xtask test --list` has them all");
            }
            list.push(name);
        }
    }
    let chosen = STEPS
        .iter()
        .filter(|step| only.is_empty() || only.contains(&step.name))
        .filter(|step| !skip.contains(&step.name));
    Ok(Some(chosen.collect()))
}

fn report(results: &[(&Step, bool, Duration)]) -> Result<()> {
    println!("\n{:<10} {:>8}  result", "step", "seconds");
    for (step, passed, took) in results {
        let result = if *passed { "passed" } else { "FAILED" };
        println!("{:<10} {:>8.1}  {result}", step.name, took.as_secs_f64());
    }
    let took: Duration = results.iter().map(|(_, _, took)| *took).sum();
    println!("{:<10} {:>8.1}", "all", took.as_secs_f64());
    let failed = results.iter().filter(|(_, passed, _)| !passed).count();
    println!("\n{} passed, {failed} failed", results.len() - failed);
    if failed > 0 {
        let names: Vec<_> = results.iter().filter(|(_, passed, _)| !passed).collect();
        let names: Vec<_> = names.iter().map(|(step, ..)| step.name).collect();
        bail!("failed: {}", names.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[&str]) -> Vec<&'static str> {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.into()).collect();
        let chosen = choose(&arguments).unwrap().unwrap();
        chosen.iter().map(|step| step.name).collect()
    }

    #[test]
    fn steps_are_chosen_by_name_and_keep_their_order() {
        assert_eq!(names(&[]).len(), STEPS.len());
        assert_eq!(names(&["--only", "clippy,format"]), ["format", "clippy"]);
        assert!(!names(&["--skip", "e2e"]).contains(&"e2e"));
        assert!(choose(&["--only".into(), "dance".into()]).is_err());
    }
}
