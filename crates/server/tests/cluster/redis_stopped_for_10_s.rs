//! Redis hangs, and goes on with what it had.

use std::{thread, time::Duration};

use serde_json::json;

use crate::{
    client::{chat, join},
    world::{
        call::Call,
        clock::{now, wait_for},
        crowd::all_see_each_other,
        figures::Times,
        nodes::Cluster,
        person::{Person, Route},
    },
};

const STOPPED: Duration = Duration::from_secs(10);
const CONVERGED_WITHIN: Duration = Duration::from_secs(5);
/// Between two messages on the node that goes on.
const PACE: Duration = Duration::from_millis(20);

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn calls_go_on_joins_are_refused_clearly_and_everything_converges() {
    let cluster = Cluster::of(3);
    let mut call = Call::across(&cluster);
    call.add(Route::to(cluster.nodes[0].address));
    call.works();
    let (ada, john) = (&call.people[0], &call.people[3]);
    let start = now();
    cluster.redis.pause();

    // Both on the first node: Redis has no part in it.
    let talk = || {
        ada.relay_to(john);
        john.relay_to(ada);
        thread::sleep(PACE);
    };
    (0..50).for_each(|_| talk());
    let node = &cluster.nodes[0];
    wait_for(
        "it is known that Redis is away",
        CONVERGED_WITHIN,
        || match node.figure("wecall_redis_up", &[]) {
            0.0 => Ok(()),
            up => Err(up.to_string()),
        },
    );
    let asked = now();
    let refused = node.server().post("/api/rooms", "{}");
    let took = asked.elapsed();
    println!("a creation is refused within {took:.1?}");
    assert_eq!(refused.status, 503);
    assert_eq!(refused.json()["code"], "unavailable");
    let retry: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=10).contains(&retry), "{retry}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    // One command that was not answered does not turn new people away.
    let ready = wait_for("it is not ready", CONVERGED_WITHIN, || {
        let ready = node.server().get("/readyz");
        match ready.status {
            503 => Ok(ready.json()),
            other => Err(other.to_string()),
        }
    });
    assert_eq!(
        ready,
        json!({"status": "unavailable", "reasons": ["Redis does not answer"]})
    );
    assert_eq!(node.server().get("/livez").status, 200);

    let newcomer = Person::set_out(
        Route::through(&cluster.addresses(), 1),
        join(&call.room, "Grace"),
    );
    newcomer.wait("is told why", |view| !view.refusals().is_empty());
    for (code, after) in newcomer.look().refusals() {
        println!("a join is refused within {:.1?}", after.unwrap());
        assert_eq!(code, "unavailable");
        assert!(after.unwrap() < Duration::from_secs(1));
    }
    ada.send(chat("can you read me?"));
    ada.wait("is told why", |view| {
        view.refusals()
            .iter()
            .any(|(code, _)| *code == "unavailable")
    });
    while start.elapsed() < STOPPED {
        talk();
    }

    cluster.redis.go_on();
    let back = now();
    all_see_each_other(call.people.iter().chain([&newcomer]), CONVERGED_WITHIN);
    newcomer.leave();
    call.works_within(CONVERGED_WITHIN);
    wait_for("all nodes count the same", CONVERGED_WITHIN, || {
        call.is_counted_by(&cluster)
    });
    println!("converged {:.1?} after Redis was back", back.elapsed());
    let times: Times = [ada, john]
        .iter()
        .flat_map(|person| person.look().relays.arrivals.clone())
        .filter(|arrival| (start..back).contains(&arrival.sent_at))
        .filter(|arrival| [ada.peer(), john.peer()].contains(&arrival.from))
        .map(|arrival| arrival.took)
        .collect();
    println!("relays on one node meanwhile, {times}");
    assert!(times.percentile(99) < Duration::from_millis(50), "{times}");

    // Nobody may be taken for dead on account of a Redis that hung: not now, and not when leases
    // that could not be renewed are looked at.
    for _ in 0..10 {
        ada.send(json!({"type": "hand", "raised": true}));
        ada.send(json!({"type": "hand", "raised": false}));
        call.works();
        thread::sleep(Duration::from_millis(600));
    }
    for node in &cluster.nodes {
        assert_eq!(node.figure("wecall_reaped_participants_total", &[]), 0.0);
    }
    for person in &call.people {
        assert!(person.look().outages.is_empty(), "{}", person.name);
        person.assert_nothing_missed();
    }
    call.assert_undisturbed();
}
