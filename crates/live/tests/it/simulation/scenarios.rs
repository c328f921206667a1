//! Lives of clusters, by what goes wrong in them.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Event, World,
    client::Client,
    faults::{Fault, Faults, Kind},
    invariants::{Figures, Ledger},
    network::Clock,
    random::Random,
    store::FakeStore,
};

pub const MAX_ROOMS: usize = 1_000;

const SECOND: u64 = 1_000_000;

/// How long things go wrong, and how long they are well after that: longer than anyone is waited
/// for.
const TROUBLE: u64 = 30 * SECOND;
const QUIET: u64 = 50 * SECOND;

const ALL: &[Kind] = &[
    Kind::Kill,
    Kind::Freeze,
    Kind::Leave,
    Kind::Unsubscribe,
    Kind::Stall,
    Kind::Restart,
    Kind::Failover,
    Kind::CutToStore,
    Kind::CutFromStore,
];

/// Plays the life of one seed; what is wrong with it, if anything.
fn play(seed: u64, faults: Faults, tells: bool) -> Result<Figures, String> {
    let mut world = World {
        random: Random::new(seed),
        now: 0,
        clock: Arc::new(Clock::new()),
        events: BTreeMap::new(),
        event_count: 0,
        store: FakeStore::new(MAX_ROOMS),
        store_is_there: true,
        stalled_until: 0,
        replica: None,
        lives: Vec::new(),
        sockets: Vec::new(),
        clients: Vec::new(),
        rooms: Vec::new(),
        faults,
        is_quiet: false,
        ledger: Ledger::default(),
        tells,
        failure: None,
    };
    for _ in 0..3 {
        world.start_node();
    }
    for slot in 0..2 {
        let room = world.new_room();
        world.rooms.push(room);
        for number in 0..5 {
            let client = world.clients.len();
            world.clients.push(Client::new(slot, number != 4));
            let first = world.random.below(SECOND);
            world.after(first, Event::Act { client });
        }
    }
    // Nodes trust what they know of each other after some seconds.
    let first = world.random.between(SECOND, 8 * SECOND);
    world.after(first, Event::Fault(Fault::Some));
    world.run_until(TROUBLE);
    world.note(|| "all is well from now on".into());
    world.is_quiet = true;
    world.run_until(TROUBLE + QUIET - 10 * SECOND);
    world.relay_all();
    world.offer_all();
    world.run_until(TROUBLE + QUIET);
    if world.failure.is_none() {
        world.check_end();
    }
    match world.failure {
        Some(failure) => Err(failure),
        None => Ok(world.ledger.figures),
    }
}

/// Plays many lives, or the one that is asked for.
fn play_all(name: &str, usually: u64, faults: &Faults) {
    let number = |variable: &str| -> Option<u64> {
        let text = std::env::var(variable).ok()?;
        Some(text.parse().expect("a number of seeds"))
    };
    let one = number("WECALL_SIM_SEED");
    let seeds = match one {
        Some(seed) => seed..seed + 1,
        None => 0..number("WECALL_SIM_SEEDS").unwrap_or(usually),
    };
    let mut total = Figures::default();
    let mut failures = Vec::new();
    for seed in seeds.clone() {
        match play(seed, faults.clone(), one.is_some()) {
            Ok(figures) => total.add(figures),
            Err(failure) => failures.push((seed, failure)),
        }
    }
    println!("{name}: {} lives, {total:?}", seeds.end - seeds.start);
    for (seed, failure) in failures.iter().take(8) {
        println!("{name} WECALL_SIM_SEED={seed}: {failure}");
    }
    assert!(
        failures.is_empty(),
        "{} of the lives went wrong",
        failures.len()
    );
}

macro_rules! scenarios {
    ($($name:ident: $seeds:literal, $faults:expr;)*) => {
        $(#[test]
        fn $name() {
            play_all(stringify!($name), $seeds, &$faults);
        })*
    };
}

fn with(kinds: &'static [Kind]) -> Faults {
    Faults {
        kinds,
        lossy_messages: false,
        slow_percent: 2,
    }
}

scenarios! {
    nothing_fails: 20, with(&[]);
    nodes_are_killed: 30, with(&[Kind::Kill]);
    nodes_freeze_and_go_on: 30, with(&[Kind::Freeze]);
    nodes_leave_in_order: 20, with(&[Kind::Leave]);
    subscriptions_are_lost: 20, with(&[Kind::Unsubscribe]);
    messages_are_lost_doubled_and_late: 30, Faults { lossy_messages: true, ..with(&[Kind::Unsubscribe]) };
    store_stalls: 30, with(&[Kind::Stall]);
    store_comes_back_empty: 30, with(&[Kind::Restart]);
    store_fails_over_and_loses_writes: 30, with(&[Kind::Failover]);
    links_are_cut_one_way: 30, with(&[Kind::CutToStore, Kind::CutFromStore]);
    everything_fails: 60, Faults { lossy_messages: true, slow_percent: 10, ..with(ALL) };
}
