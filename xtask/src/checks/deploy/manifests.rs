//! What a schema does not say: objects that find each other, and pods that are what they promise.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::yaml::{entries, items, text};

/// Beyond both parts of a drain, for sockets to be closed and files to be written.
const TIME_TO_END: i64 = 10;

pub fn check(objects: &[Value]) -> Result<()> {
    let of = |kind: &'static str| objects.iter().filter(move |object| object["kind"] == kind);
    let config = of("ConfigMap").next().context("no ConfigMap")?;
    ensure!(of("Deployment").count() > 0, "no Deployment");
    for deployment in of("Deployment") {
        check_deployment(deployment, config)
            .with_context(|| text(&deployment["metadata"]["name"]).to_owned())?;
    }
    let pods: Vec<&Value> = of("Deployment")
        .map(|deployment| &deployment["spec"]["template"]["metadata"]["labels"])
        .collect();
    for kind in ["Service", "PodDisruptionBudget", "NetworkPolicy"] {
        for object in of(kind) {
            let selector = match kind {
                "Service" => &object["spec"]["selector"],
                "NetworkPolicy" => &object["spec"]["podSelector"]["matchLabels"],
                _ => &object["spec"]["selector"]["matchLabels"],
            };
            let finds = pods.iter().any(|labels| matches(selector, labels));
            ensure!(finds, "{kind} {} finds no pod", object["metadata"]["name"]);
            ensure!(
                object["spec"]["sessionAffinity"].is_null(),
                "any pod takes any request"
            );
        }
    }
    check_backends(objects)
}

fn check_deployment(deployment: &Value, config: &Value) -> Result<()> {
    let spec = &deployment["spec"];
    let template = &spec["template"];
    let pod = &template["spec"];
    ensure!(
        matches(
            &spec["selector"]["matchLabels"],
            &template["metadata"]["labels"]
        ),
        "it does not find its own pods"
    );
    let strategy = &spec["strategy"];
    ensure!(
        strategy["type"] == "Recreate" || strategy["rollingUpdate"]["maxUnavailable"] == 0,
        "a deploy takes pods away before others are ready"
    );
    let takes = seconds(&config["data"]["WECALL_SERVER__DRAIN_DELAY"])?
        + seconds(&config["data"]["WECALL_SERVER__DRAIN"])?;
    let given = pod["terminationGracePeriodSeconds"]
        .as_i64()
        .unwrap_or_default();
    ensure!(given >= takes + TIME_TO_END, "it is killed while it drains");
    ensure!(
        pod["securityContext"]["runAsNonRoot"] == true
            && pod["automountServiceAccountToken"] == false,
        "it may more than it needs"
    );
    let container = &pod["containers"][0];
    let security = &container["securityContext"];
    ensure!(
        security["readOnlyRootFilesystem"] == true
            && security["allowPrivilegeEscalation"] == false
            && security["capabilities"]["drop"][0] == "ALL",
        "its container may more than it needs"
    );
    for (probe, path) in [
        ("startupProbe", "/livez"),
        ("readinessProbe", "/readyz"),
        ("livenessProbe", "/livez"),
    ] {
        ensure!(
            text(&container[probe]["httpGet"]["path"]) == path,
            "its {probe} does not ask {path}"
        );
    }
    for volume in items(&container["volumeMounts"]) {
        let there = items(&pod["volumes"]).any(|known| known["name"] == volume["name"]);
        ensure!(there, "no volume {}", volume["name"]);
    }
    let from = text(&container["envFrom"][0]["configMapRef"]["name"]);
    ensure!(
        from == text(&config["metadata"]["name"]),
        "its settings are those of {from}, which is not there"
    );
    Ok(())
}

/// Each path of an Ingress leads to a Service that has the port.
fn check_backends(objects: &[Value]) -> Result<()> {
    let ingresses = objects.iter().filter(|object| object["kind"] == "Ingress");
    let paths = ingresses
        .flat_map(|ingress| items(&ingress["spec"]["rules"]))
        .flat_map(|rule| items(&rule["http"]["paths"]));
    for path in paths {
        let backend = &path["backend"]["service"];
        let there = objects.iter().any(|object| {
            object["kind"] == "Service"
                && object["metadata"]["name"] == backend["name"]
                && items(&object["spec"]["ports"])
                    .any(|port| port["name"] == backend["port"]["name"])
        });
        ensure!(there, "no service {} for {}", backend["name"], path["path"]);
    }
    Ok(())
}

/// Whether an object with these labels is meant.
fn matches(selector: &Value, labels: &Value) -> bool {
    entries(selector).next().is_some()
        && entries(selector).all(|(name, value)| labels.get(name) == Some(value))
}

fn seconds(value: &Value) -> Result<i64> {
    let number = text(value).strip_suffix('s').context("a time in seconds")?;
    Ok(number.parse()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::matches;

    #[test]
    fn selector_finds_those_that_have_all_its_labels() {
        let labels = json!({ "a": "1", "b": "2" });
        assert!(matches(&json!({ "a": "1" }), &labels));
        assert!(!matches(&json!({ "a": "1", "c": "3" }), &labels));
        assert!(!matches(&json!({}), &labels));
    }
}
