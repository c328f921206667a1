//! Who may know whom: the arrows of docs/ARCHITECTURE.md, held against the manifests.

use anyhow::{Result, bail};

use crate::{
    command,
    metadata::{self, Package},
};

/// Each package of ours and those of ours that it may depend on, for tests too. What is not listed
/// may not exist: a new crate gets its line here.
const ARROWS: &[(&str, &[&str])] = &[
    ("wecall-protocol", &[]),
    ("wecall-room", &["wecall-protocol"]),
    ("wecall-sfu", &["wecall-protocol"]),
    ("wecall-turn", &[]),
    ("wecall-record", &[]),
    ("wecall-db", &[]),
    ("wecall-live", &["wecall-room", "wecall-protocol"]),
    (
        "wecall-server",
        &[
            "wecall-live",
            "wecall-db",
            "wecall-sfu",
            "wecall-turn",
            "wecall-record",
            "wecall-room",
            "wecall-protocol",
        ],
    ),
    ("wecall-loadtest", &["wecall-turn", "wecall-protocol"]),
    ("xtask", &["wecall-protocol"]),
];

/// Packages from outside that no others of ours may name, so that they can be replaced.
const ONLY: &[(&str, &[&str])] = &[
    // The load tool stands for browsers, at the other end of the wire.
    ("str0m", &["wecall-sfu", "wecall-loadtest"]),
    ("sea-orm", &["wecall-db"]),
    ("sea-orm-migration", &["wecall-db"]),
    ("sqlx", &["wecall-db"]),
    ("redis", &["wecall-live"]),
    ("axum", &["wecall-server"]),
    ("opentelemetry", &["wecall-server"]),
];

/// The pure crates: no runtime, no sockets, no clock, no randomness of their own.
const PURE: &[&str] = &["wecall-protocol", "wecall-room"];
const IMPURE: &[&str] = &[
    "tokio",
    "mio",
    "socket2",
    "rustix",
    "libc",
    "async-std",
    "smol",
    "futures",
    "getrandom",
    "rand",
    "tracing-subscriber",
    "axum",
    "hyper",
];

pub fn check() -> Result<()> {
    let packages = metadata::of_workspace(command::root())?.packages;
    let broken = broken_rules(&packages);
    if broken.is_empty() {
        println!("{} packages keep to the arrows", packages.len());
        return Ok(());
    }
    bail!("{}", broken.join("\n"))
}

fn broken_rules(packages: &[Package]) -> Vec<String> {
    let is_ours = |name: &str| packages.iter().any(|package| package.name == name);
    let mut broken = Vec::new();
    for package in packages {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
            broken.push(format!(
                "{}: has no line in the table of arrows",
                package.name
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let ours_but_not_allowed = is_ours(name) && !allowed.contains(&name);
            let of_another = ONLY.iter().find(|(theirs, owners)| {
                *theirs == name && !owners.contains(&package.name.as_str())
            });
            if ours_but_not_allowed {
                broken.push(format!("{}: may not depend on {name}", package.name));
            }
            if let Some((_, owners)) = of_another {
                let owners = owners.join(" and ");
                broken.push(format!("{}: only {owners} names {name}", package.name));
            }
            if PURE.contains(&package.name.as_str()) && IMPURE.contains(&name) {
                broken.push(format!(
                    "{}: is pure, so it may not depend on {name}",
                    package.name
                ));
            }
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Dependency;

    fn package(name: &str, dependencies: &[&str]) -> Package {
        let dependencies = dependencies.iter().map(|name| Dependency {
            name: (*name).into(),
        });
        Package {
            name: name.into(),
            version: "1.0.0".into(),
            license: None,
            license_file: None,
            repository: None,
            manifest_path: "Cargo.toml".into(),
            source: None,
            dependencies: dependencies.collect(),
            targets: Vec::new(),
        }
    }

    #[test]
    fn arrow_that_points_up_is_found() {
        let packages = [
            package("wecall-room", &["wecall-live"]),
            package("wecall-live", &[]),
        ];
        assert_eq!(
            broken_rules(&packages),
            ["wecall-room: may not depend on wecall-live"]
        );
    }

    #[test]
    fn foreign_package_belongs_to_its_one_crate() {
        let packages = [package("wecall-server", &["redis", "axum", "serde"])];
        assert_eq!(
            broken_rules(&packages),
            ["wecall-server: only wecall-live names redis"]
        );
    }

    #[test]
    fn pure_crate_has_no_runtime_and_new_crate_needs_a_line() {
        let packages = [
            package("wecall-room", &["tokio"]),
            package("wecall-new", &[]),
        ];
        let broken = broken_rules(&packages);
        assert_eq!(
            broken,
            [
                "wecall-room: is pure, so it may not depend on tokio",
                "wecall-new: has no line in the table of arrows"
            ]
        );
    }
}
