//! Offers and answers of a participant to the others, and to the media server what it answers.

use std::{borrow::Cow, collections::BTreeMap, time::Instant};

use wecall_protocol::{Answer, ClientMessage, Offer, PeerId};

use crate::{
    error::Error,
    room::{
        participant::Participant,
        sdp::{self, Description, Extension},
        way::End,
    },
};

impl Participant {
    pub(super) fn offer_to(
        &mut self,
        id: PeerId,
        now: Instant,
        tokens: &mut usize,
    ) -> Result<(), Error> {
        if self.links.contains_key(&End::Participant(id)) {
            return Ok(());
        }
        let mut linked = self.open(now, tokens)?;
        let (sdp, [sends, receives]) = linked.link.offer_to_participant(self.habits.video)?;
        let purposes = |mids: Vec<String>| {
            let purposes = [sdp::MICROPHONE, sdp::CAMERA].map(str::to_owned);
            mids.into_iter().zip(purposes).collect()
        };
        let offer = Description {
            kind: "offer".into(),
            sdp,
            wecall: Some(Extension {
                connection: linked.name.clone(),
                peer: None,
                offer: linked.name.clone(),
                sends: purposes(sends),
                receives: purposes(receives),
            }),
        };
        self.links.insert(End::Participant(id), linked);
        self.send(&ClientMessage::Offer(Offer {
            target_peer_id: Cow::Owned(id.to_string()),
            offer: &offer.to_raw(),
        }))
    }

    pub(super) fn answer(
        &mut self,
        from: PeerId,
        offer: Description,
        now: Instant,
        tokens: &mut usize,
    ) -> Result<(), Error> {
        let end = End::Participant(from);
        let theirs = offer
            .wecall
            .as_ref()
            .map(|wecall| wecall.connection.clone());
        // An offer over another connection of theirs begins anew; one that crosses ours does too,
        // for both sides, as the web app gives way to it or ignores it.
        let known = self.links.get(&end);
        let begins = known.is_none_or(|linked| {
            linked.link.awaits_answer() || (linked.theirs.is_some() && linked.theirs != theirs)
        });
        if begins {
            let linked = self.open(now, tokens)?;
            self.links.insert(end, linked);
        }
        let Some(linked) = self.links.get_mut(&end) else {
            return Ok(());
        };
        let (sdp, sends) = linked.link.answer(&offer.sdp, self.habits.video, now)?;
        linked.theirs = theirs;
        let mut wecall = None;
        if let Some(extension) = offer.wecall {
            linked.set_sections(end, &extension.sends);
            let sends = sends.into_iter().map(|(mid, audio)| {
                let purpose = if audio { sdp::MICROPHONE } else { sdp::CAMERA };
                (mid, purpose.to_owned())
            });
            wecall = Some(Extension {
                connection: linked.name.clone(),
                peer: Some(extension.connection),
                offer: extension.offer,
                sends: sends.collect(),
                receives: BTreeMap::new(),
            });
        }
        let kind = "answer".into();
        let answer = Description { kind, sdp, wecall };
        self.send(&ClientMessage::Answer(Answer {
            target_peer_id: Cow::Owned(from.to_string()),
            answer: &answer.to_raw(),
        }))
    }

    pub(super) fn take_answer(
        &mut self,
        from: PeerId,
        answer: &Description,
        now: Instant,
    ) -> Result<(), Error> {
        for end in [End::Participant(from), End::Media(from)] {
            let Some(linked) = self.links.get_mut(&end) else {
                continue;
            };
            if let Some(wecall) = &answer.wecall {
                if wecall.offer != linked.name {
                    return Ok(());
                }
                linked.theirs = Some(wecall.connection.clone());
                linked.set_sections(end, &wecall.sends);
            }
            linked.link.take_answer(&answer.sdp, now)?;
        }
        Ok(())
    }

    pub(super) fn take_candidate(&mut self, from: PeerId, candidate: &str, now: Instant) {
        #[derive(serde::Deserialize)]
        struct Candidate {
            candidate: String,
        }
        let Ok(Candidate { candidate }) = serde_json::from_str(candidate) else {
            return;
        };
        for end in [End::Participant(from), End::Media(from)] {
            if let Some(linked) = self.links.get_mut(&end) {
                linked.link.add_candidate(&candidate, now);
            }
        }
    }
}
