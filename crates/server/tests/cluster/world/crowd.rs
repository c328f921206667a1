//! Many people at once.

use std::{collections::BTreeSet, time::Duration};

use super::{clock::now, figures::Times, person::Person};

/// Everyone here is in, and sees everyone here and nobody else. Gives how long it took for all.
pub fn all_see_each_other<'a>(
    people: impl IntoIterator<Item = &'a Person>,
    patience: Duration,
) -> Duration {
    let people: Vec<_> = people.into_iter().collect();
    let start = now();
    for person in &people {
        let left = patience.saturating_sub(start.elapsed());
        person.wait_for("is in", left, |view| view.is_in());
    }
    let roster: BTreeSet<_> = people.iter().map(|person| person.peer()).collect();
    assert_eq!(roster.len(), people.len(), "two share an id");
    for person in &people {
        person.wait_for_roster(&roster, patience.saturating_sub(start.elapsed()));
    }
    start.elapsed()
}

/// Each sends a numbered message to each of the others, and all arrive.
pub fn all_hear_each_other<'a>(
    people: impl IntoIterator<Item = &'a Person>,
    patience: Duration,
) -> Times {
    let people: Vec<_> = people.into_iter().collect();
    let start = now();
    for (from, to) in pairs(&people) {
        from.relay_to(to);
    }
    for (from, to) in pairs(&people) {
        to.wait_for_relays_of(from, patience);
    }
    let arrivals = people.iter().flat_map(|person| {
        let arrivals = person.look().relays.arrivals.clone();
        arrivals
            .into_iter()
            .filter(|arrival| arrival.sent_at >= start)
    });
    arrivals.map(|arrival| arrival.took).collect()
}

/// Each with each of the others, both ways.
pub fn pairs<'a>(people: &[&'a Person]) -> Vec<(&'a Person, &'a Person)> {
    let pairs = people
        .iter()
        .flat_map(|from| people.iter().map(move |to| (*from, *to)));
    pairs
        .filter(|(from, to)| !std::ptr::eq(*from, *to))
        .collect()
}

/// The lengths of all times without signaling.
pub fn outages<'a>(people: impl IntoIterator<Item = &'a Person>) -> Times {
    let outages = people
        .into_iter()
        .flat_map(|person| person.look().outages.clone());
    outages.map(|outage| outage.length()).collect()
}
