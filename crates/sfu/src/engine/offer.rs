//! Looks over an offer before str0m gets it: bounds, roles of sections, layers.

use std::collections::HashSet;

use crate::{
    engine::api::{Kind, Refused, Source},
    limits,
};

/// What an offer asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Offer {
    /// Without candidates that only the client's own network can resolve.
    pub sdp: String,
    pub sections: Vec<Section>,
    pub fingerprint: String,
}

#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Section {
    pub mid: String,
    pub audio: bool,
    pub receives_only: bool,
    /// Simulcast layers, small to large.
    pub layers: Vec<String>,
    /// Refused or stopped: port 0 outside of the bundle.
    pub rejected: bool,
}

/// Everything that can be told from the offer alone.
pub fn look_over(sdp: &str) -> Result<Offer, Refused> {
    if sdp.len() > limits::OFFER_BYTES {
        return Err(Refused::TooLarge);
    }
    let mut offer = Offer {
        sdp: String::with_capacity(sdp.len()),
        sections: Vec::new(),
        fingerprint: String::new(),
    };
    let (mut ssrc_lines, mut candidates) = (0, 0);
    let mut simulcast = Vec::new();
    for line in sdp.lines() {
        let line = line.trim_end();
        if let Some(rest) = line.strip_prefix("m=") {
            finish(&mut offer, &mut simulcast)?;
            if offer.sections.len() == limits::OFFER_SECTIONS {
                return Err(Refused::TooMany);
            }
            offer.sections.push(section(rest)?);
        } else if let Some(value) = line.strip_prefix("a=fingerprint:") {
            if offer.fingerprint.is_empty() {
                offer.fingerprint = value.to_ascii_lowercase();
            }
        } else if line.starts_with("a=candidate:") {
            candidates += 1;
            if candidates > limits::CANDIDATES {
                return Err(Refused::TooMany);
            }
            if !is_usable_candidate(line) {
                continue;
            }
        } else if line.starts_with("a=ssrc:") || line.starts_with("a=ssrc-group:") {
            ssrc_lines += 1;
            if ssrc_lines > limits::OFFER_SSRC_LINES {
                return Err(Refused::TooMany);
            }
        } else if let Some(section) = offer.sections.last_mut() {
            attribute(section, &mut simulcast, line)?;
        }
        offer.sdp.push_str(line);
        offer.sdp.push_str("\r\n");
    }
    finish(&mut offer, &mut simulcast)?;
    let mut mids = HashSet::new();
    if !offer
        .sections
        .iter()
        .all(|section| mids.insert(&section.mid))
    {
        return Err(Refused::Malformed("two sections with one mid".into()));
    }
    if offer.sections.is_empty() {
        return Err(Refused::Malformed("no sections".into()));
    }
    Ok(offer)
}

/// Names like `….local` are known only in the client's own network; and a candidate that cannot be
/// read would have the whole offer refused, though ICE does without it.
pub fn is_usable_candidate(line: &str) -> bool {
    if line.len() > limits::CANDIDATE_BYTES {
        return false;
    }
    let line = line.strip_prefix("a=").unwrap_or(line);
    let address = line.split_ascii_whitespace().nth(4);
    address.is_some_and(|address| address.parse::<std::net::IpAddr>().is_ok())
}

fn section(rest: &str) -> Result<Section, Refused> {
    let mut words = rest.split_ascii_whitespace();
    let audio = match words.next() {
        Some("audio") => true,
        Some("video") => false,
        _ => return Err(Refused::NotAllowed),
    };
    Ok(Section {
        mid: String::new(),
        audio,
        receives_only: false,
        layers: Vec::new(),
        rejected: words.next() == Some("0"),
    })
}

fn attribute(
    section: &mut Section,
    simulcast: &mut Vec<String>,
    line: &str,
) -> Result<(), Refused> {
    if line == "a=recvonly" {
        section.receives_only = true;
    } else if line == "a=bundle-only" {
        section.rejected = false;
    } else if let Some(mid) = line.strip_prefix("a=mid:") {
        section.mid = name(mid, 16)?;
    } else if let Some(rest) = line.strip_prefix("a=rid:") {
        let mut words = rest.split_ascii_whitespace();
        let rid = name(words.next().unwrap_or_default(), 8)?;
        if words.next() == Some("send") && !section.layers.contains(&rid) {
            section.layers.push(rid);
        }
    } else if let Some(rest) = line.strip_prefix("a=simulcast:") {
        let mut words = rest.split_ascii_whitespace();
        let list = words.by_ref().skip_while(|word| *word != "send").nth(1);
        *simulcast = list
            .unwrap_or_default()
            .split([';', ','])
            .map(|rid| rid.trim_start_matches('~').to_owned())
            .take(limits::OFFER_SECTIONS)
            .collect();
    }
    Ok(())
}

/// str0m cuts names at these lengths and replaces other characters, which would make two names one.
fn name(text: &str, longest: usize) -> Result<String, Refused> {
    if text.is_empty() || text.len() > longest || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Refused::Malformed("a mid or rid is no short word".into()));
    }
    Ok(text.to_owned())
}

/// Puts the layers of the section that ended in order.
fn finish(offer: &mut Offer, simulcast: &mut Vec<String>) -> Result<(), Refused> {
    let order = std::mem::take(simulcast);
    let Some(section) = offer.sections.last_mut() else {
        return Ok(());
    };
    if section.mid.is_empty() {
        return Err(Refused::Malformed("a section has no mid".into()));
    }
    if section.layers.len() > limits::LAYERS {
        return Err(Refused::TooMany);
    }
    let rank = |rid: &String| match rid.as_str() {
        "q" => 0,
        "h" => 1,
        "f" => 2,
        _ => {
            3 + order
                .iter()
                .position(|other| other == rid)
                .unwrap_or(order.len())
        }
    };
    section.layers.sort_by_key(rank);
    Ok(())
}

/// What a section is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Sends(Source),
    Slot {
        audio: bool,
    },
    /// Refused or stopped by the client before it meant anything.
    Nothing,
}

/// The role of each section: that of `known` mids stays, the others get theirs by order.
pub fn roles(
    sections: &[Section],
    kind: Kind,
    known: impl Fn(&str) -> Option<Role>,
) -> Result<Vec<Role>, Refused> {
    let mut free: Vec<Source> = Source::ALL.to_vec();
    for section in sections {
        if let Some(Role::Sends(source)) = known(&section.mid) {
            free.retain(|other| *other != source);
        }
    }
    let mut roles = Vec::with_capacity(sections.len());
    for section in sections {
        let role = match known(&section.mid) {
            Some(role) => role,
            None if section.rejected => Role::Nothing,
            None if section.receives_only => Role::Slot {
                audio: section.audio,
            },
            None => {
                let next = free
                    .iter()
                    .position(|source| source.is_audio() == section.audio);
                Role::Sends(free.remove(next.ok_or(Refused::TooMany)?))
            }
        };
        let forbidden = matches!(
            (kind, role),
            (Kind::Publisher, Role::Slot { .. }) | (Kind::Viewer(_), Role::Sends(_))
        );
        if forbidden {
            return Err(Refused::NotAllowed);
        }
        roles.push(role);
    }
    let slots = |audio| {
        roles
            .iter()
            .filter(|role| **role == Role::Slot { audio })
            .count()
    };
    if slots(false) > limits::VIDEO_SLOTS || slots(true) > limits::AUDIO_SLOTS {
        return Err(Refused::TooMany);
    }
    Ok(roles)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sdp(sections: &[&str]) -> String {
        let mut sdp = "v=0\r\na=fingerprint:sha-256 AB:CD\r\n".to_owned();
        for (mid, section) in sections.iter().enumerate() {
            let (kind, rest) = section.split_once(' ').unwrap_or((section, ""));
            sdp += &format!("m={kind} 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:{mid}\r\n");
            for line in rest.split(' ').filter(|line| !line.is_empty()) {
                sdp += &format!("a={}\r\n", line.replace('_', " "));
            }
        }
        sdp
    }

    fn roles_of(sections: &[&str], kind: Kind) -> Result<Vec<Role>, Refused> {
        roles(&look_over(&sdp(sections))?.sections, kind, |_| None)
    }

    #[test]
    fn sections_get_their_roles_by_order() {
        let sections = [
            "audio sendonly",
            "video sendonly",
            "video recvonly",
            "video inactive",
            "audio recvonly",
        ];
        assert_eq!(
            roles_of(&sections, Kind::Member),
            Ok(vec![
                Role::Sends(Source::Microphone),
                Role::Sends(Source::Camera),
                Role::Slot { audio: false },
                Role::Sends(Source::Screen),
                Role::Slot { audio: true },
            ])
        );
    }

    #[test]
    fn known_section_keeps_its_role() {
        let offer = look_over(&sdp(&["video recvonly", "video sendonly"])).unwrap();
        let known = |mid: &str| (mid == "0").then_some(Role::Sends(Source::Camera));
        assert_eq!(
            roles(&offer.sections, Kind::Member, known),
            Ok(vec![
                Role::Sends(Source::Camera),
                Role::Sends(Source::Screen)
            ])
        );
    }

    #[test]
    fn third_camera_fourth_layer_and_slots_without_end_are_refused() {
        assert_eq!(
            roles_of(&["video sendonly"; 3], Kind::Member),
            Err(Refused::TooMany)
        );
        assert_eq!(
            roles_of(&["video recvonly"; 28], Kind::Member),
            Err(Refused::TooMany)
        );
        assert_eq!(
            roles_of(&["video recvonly"; 49], Kind::Member),
            Err(Refused::TooMany)
        );
        let layers = "video rid:a_send rid:b_send rid:c_send rid:d_send sendonly";
        assert_eq!(roles_of(&[layers], Kind::Member), Err(Refused::TooMany));
    }

    #[test]
    fn publisher_has_no_slots_and_viewer_sends_nothing() {
        assert_eq!(
            roles_of(&["video recvonly"], Kind::Publisher),
            Err(Refused::NotAllowed)
        );
        let viewer = Kind::Viewer(crate::Watch::Room);
        assert_eq!(
            roles_of(&["video sendonly"], viewer),
            Err(Refused::NotAllowed)
        );
        assert_eq!(
            roles_of(&["application"], Kind::Member),
            Err(Refused::NotAllowed)
        );
    }

    #[test]
    fn layers_go_from_small_to_large() {
        let named = look_over(&sdp(&["video rid:f_send rid:h_send rid:q_send sendonly"])).unwrap();
        assert_eq!(named.sections[0].layers, ["q", "h", "f"]);
        let listed = look_over(&sdp(&[
            "video rid:2_send rid:1_send simulcast:send_1;~2 sendonly",
        ]))
        .unwrap();
        assert_eq!(listed.sections[0].layers, ["1", "2"]);
    }

    #[test]
    fn candidate_of_the_clients_own_network_is_left_out() {
        let sdp = sdp(&["audio sendonly"])
            + "a=candidate:1 1 udp 2113937151 4a8f.local 56789 typ host\r\n\
               a=candidate:2 1 udp 2113937151 192.0.2.7 56789 typ host\r\n";
        let offer = look_over(&sdp).unwrap();
        assert!(!offer.sdp.contains(".local"));
        assert!(offer.sdp.contains("192.0.2.7"));
    }

    #[test]
    fn names_that_str0m_would_change_are_refused() {
        for mid in ["", "0123456789abcdefg", "a-b", "ä"] {
            let sdp = format!("v=0\r\nm=audio 9 X 96\r\na=mid:{mid}\r\n");
            assert!(
                matches!(look_over(&sdp), Err(Refused::Malformed(_))),
                "{mid}"
            );
        }
        let twice = "v=0\r\nm=audio 9 X 96\r\na=mid:0\r\nm=audio 9 X 96\r\na=mid:0\r\n";
        assert!(matches!(look_over(twice), Err(Refused::Malformed(_))));
    }
}
