//! Calls, whose people are spread over the nodes.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    crowd::{all_hear_each_other, all_see_each_other, pairs},
    figures::Times,
    nodes::Cluster,
    person::{
        Person, Route,
        view::{Told, What},
    },
};
use crate::{client::Room, server::PATIENCE};

pub struct Call {
    pub room: Room,
    pub people: Vec<Person>,
}

impl Call {
    /// As many people as nodes, each on a node of their own; a loss leads to the next node.
    pub fn across(cluster: &Cluster) -> Self {
        Self::across_from(cluster, 0, cluster.nodes.len())
    }

    /// So many people, from the node of index `first` on.
    pub fn across_from(cluster: &Cluster, first: usize, people: usize) -> Self {
        let running = cluster.nodes.iter().find(|node| node.is_running());
        let room = Room::with(running.unwrap().server(), &json!({}));
        let mut call = Self {
            room,
            people: vec![],
        };
        for index in first..first + people {
            call.add(Route::through(&cluster.addresses(), index));
        }
        call
    }

    /// So many people who know the address of a load balancer.
    pub fn behind(balancer: SocketAddr, room: Room, people: usize) -> Self {
        let mut call = Self {
            room,
            people: vec![],
        };
        for _ in 0..people {
            call.add(Route::to(balancer));
        }
        call
    }

    /// One more.
    pub fn add(&mut self, route: Route) {
        let name = format!("Person {}", self.people.len() + 1);
        self.people.push(Person::join(route, &self.room, &name));
    }

    /// Each sends a numbered message to each, and nobody waits for them.
    pub fn chatter(&self) {
        let people: Vec<_> = self.people.iter().collect();
        for (from, to) in pairs(&people) {
            from.relay_to(to);
        }
    }

    /// Everyone sees everyone and nobody else, and hears what each sends to each.
    pub fn works_within(&self, patience: Duration) -> Times {
        all_see_each_other(&self.people, patience);
        all_hear_each_other(&self.people, patience)
    }

    pub fn works(&self) -> Times {
        self.works_within(PATIENCE)
    }

    pub fn assert_undisturbed(&self) {
        self.people.iter().for_each(Person::assert_undisturbed);
    }

    pub fn assert_nothing_missed(&self) {
        self.people.iter().for_each(Person::assert_nothing_missed);
    }

    /// Nobody was told since that anyone came or went.
    pub fn assert_nobody_came_or_went(&self, since: Instant) {
        for person in &self.people {
            let view = person.look();
            let comings = view.since(since).filter(|told| is_coming_or_going(told));
            let comings: Vec<_> = comings.map(|told| &told.what).collect();
            assert!(comings.is_empty(), "{}: {comings:?}", person.name);
        }
    }

    /// Each node that runs counts as many as there are.
    pub fn is_counted_by(&self, cluster: &Cluster) -> Result<(), String> {
        let expected = Some(self.people.len() as u64);
        for node in cluster.nodes.iter().filter(|node| node.is_running()) {
            let count = node.count_in(&self.room.id);
            if count != expected {
                return Err(format!("{} counts {count:?}", node.name));
            }
        }
        Ok(())
    }

    /// The chat as everyone has read it, in one order, when there are so many texts.
    pub fn all_read_the_same(&self, texts: usize) -> Vec<String> {
        let read = |person: &Person| -> Vec<String> {
            let view = person.look();
            let texts = view.messages("chat");
            let text = |message: &&Value| message["text"].as_str().unwrap_or_default().to_owned();
            texts.iter().map(text).collect()
        };
        for person in &self.people {
            person.wait("has read all", |view| view.messages("chat").len() >= texts);
        }
        let first = read(&self.people[0]);
        for person in &self.people {
            assert_eq!(read(person), first, "{}", person.name);
        }
        first
    }
}

fn is_coming_or_going(told: &Told) -> bool {
    matches!(told.what, What::PeerJoined(_) | What::PeerLeft { .. })
}
