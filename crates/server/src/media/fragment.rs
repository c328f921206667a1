//! Pieces of session descriptions that WHIP and WHEP exchange after the offer (RFC 8840 and
//! RFC 9725 § 4.3): candidates, and new credentials of ICE.

use wecall_protocol::MediaState;

/// Candidates that one fragment may name. The engine takes as many of one peer.
const CANDIDATES: usize = 32;

/// What a client tells of its side of ICE.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fragment {
    credentials: Option<Credentials>,
    pub candidates: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Credentials {
    ufrag: String,
    pwd: String,
}

impl Fragment {
    /// `None` if it is no fragment.
    pub fn read(text: &str) -> Option<Self> {
        let mut fragment = Self {
            credentials: credentials(text),
            candidates: Vec::new(),
        };
        for line in text.lines().map(str::trim_end) {
            match line.strip_prefix("a=") {
                Some(attribute) if attribute.starts_with("candidate:") => {
                    if fragment.candidates.len() == CANDIDATES {
                        return None;
                    }
                    fragment.candidates.push(attribute.to_owned());
                }
                Some(_) => {}
                None if line.is_empty() || line.starts_with("m=") => {}
                None => return None,
            }
        }
        let is_good = |text: &String| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        };
        match &fragment.credentials {
            // As RFC 8839 § 5.4 has them.
            Some(Credentials { ufrag, pwd })
                if !(4..=256).contains(&ufrag.len())
                    || !(22..=256).contains(&pwd.len())
                    || !is_good(ufrag)
                    || !is_good(pwd) =>
            {
                None
            }
            _ => Some(fragment),
        }
    }

    /// Whether it begins ICE anew for the client that made this offer.
    pub fn restarts(&self, offer: &str) -> bool {
        let before = credentials(offer);
        self.credentials
            .as_ref()
            .is_some_and(|now| before.as_ref() != Some(now))
    }

    /// The offer with the credentials and candidates of this fragment in place of its own.
    pub fn put_into(&self, offer: &str) -> String {
        let mut changed = String::with_capacity(offer.len());
        let mut push = |line: &str| {
            changed.push_str(line);
            changed.push_str("\r\n");
        };
        let mut candidates = Some(&self.candidates);
        for line in offer.lines() {
            match &self.credentials {
                Some(now) if line.starts_with("a=ice-ufrag:") => {
                    push(&format!("a=ice-ufrag:{}", now.ufrag));
                }
                Some(now) if line.starts_with("a=ice-pwd:") => {
                    push(&format!("a=ice-pwd:{}", now.pwd));
                }
                _ if line.starts_with("a=candidate:")
                    || line.starts_with("a=end-of-candidates") => {}
                _ => push(line),
            }
            // All is bundled in the first section that there is.
            if line.starts_with("a=mid:") {
                for candidate in candidates.take().into_iter().flatten() {
                    push(&format!("a={candidate}"));
                }
            }
        }
        changed
    }
}

/// What a client needs of this answer after it began ICE anew: of its first section, which carries
/// all.
pub fn of_answer(answer: &str) -> String {
    let section = answer.find("m=").map_or("", |at| &answer[at..]);
    let end = section.find("\nm=").unwrap_or(section.len());
    let mut fragment = String::from("a=ice-lite\r\n");
    for kind in ["m=", "a=mid:", "a=ice-ufrag:", "a=ice-pwd:", "a=candidate:"] {
        for line in section[..end].lines().map(str::trim_end) {
            if line.starts_with(kind) {
                fragment.push_str(line);
                fragment.push_str("\r\n");
            }
        }
    }
    fragment.push_str("a=end-of-candidates\r\n");
    fragment
}

/// Tells one ICE session from the next (RFC 9725 § 4.3.1).
pub fn etag(answer: &str) -> String {
    let ufrag = credentials(answer).map_or_else(String::new, |now| now.ufrag);
    format!("\"{ufrag}\"")
}

fn credentials(text: &str) -> Option<Credentials> {
    let value = |prefix: &str| {
        let mut lines = text.lines();
        lines.find_map(|line| line.trim_end().strip_prefix(prefix))
    };
    Some(Credentials {
        ufrag: value("a=ice-ufrag:")?.to_owned(),
        pwd: value("a=ice-pwd:")?.to_owned(),
    })
}

/// What the sections of an offer send, in the order that the engine gives them their meaning: a
/// camera, then a screen.
pub fn sends(offer: &str) -> MediaState {
    let (mut audio, mut video) = (0, 0);
    for section in offer.split("\nm=").skip(1) {
        let is_silent = section
            .lines()
            .any(|line| matches!(line.trim_end(), "a=recvonly" | "a=inactive"));
        if section.starts_with("audio") {
            audio += usize::from(!is_silent);
        } else {
            video += usize::from(!is_silent);
        }
    }
    MediaState {
        microphone: audio > 0,
        camera: video > 0,
        screen: video > 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:abcd\r\n\
        a=ice-pwd:0123456789012345678901\r\na=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n\
        a=sendonly\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=ice-ufrag:abcd\r\n\
        a=ice-pwd:0123456789012345678901\r\na=sendonly\r\n";

    #[test]
    fn candidates_alone_restart_nothing() {
        let text = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n\
            m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:2 1 udp 1 192.0.2.2 1 typ host\r\n\
            a=end-of-candidates\r\n";
        let fragment = Fragment::read(text).unwrap();
        assert!(!fragment.restarts(OFFER));
        assert_eq!(
            fragment.candidates,
            ["candidate:2 1 udp 1 192.0.2.2 1 typ host"]
        );
    }

    #[test]
    fn new_credentials_take_the_place_of_those_of_the_offer() {
        let text = "a=ice-ufrag:efgh\r\na=ice-pwd:9876543210987654321098\r\n\
            a=candidate:2 1 udp 1 192.0.2.2 1 typ host\r\n";
        let fragment = Fragment::read(text).unwrap();
        assert!(fragment.restarts(OFFER));
        let changed = fragment.put_into(OFFER);
        assert!(!changed.contains("abcd") && !changed.contains("192.0.2.1"));
        assert_eq!(changed.matches("a=ice-ufrag:efgh\r\n").count(), 2);
        assert_eq!(changed.matches("192.0.2.2").count(), 1);
        assert!(!fragment.restarts(&changed));
    }

    #[test]
    fn what_is_no_fragment_is_not_read() {
        for text in [
            "{}",
            "hello",
            "a=ice-ufrag:a\r\na=ice-pwd:0123456789012345678901",
            "a=ice-ufrag:ab\"d\r\na=ice-pwd:0123456789012345678901",
            &"a=candidate:2 1 udp 1 192.0.2.2 1 typ host\r\n".repeat(33),
        ] {
            assert_eq!(Fragment::read(text), None, "{text}");
        }
    }

    #[test]
    fn fragment_of_an_answer_is_about_its_bundle() {
        let fragment = of_answer(OFFER);
        assert!(fragment.starts_with("a=ice-lite\r\nm=audio"), "{fragment}");
        assert!(fragment.contains("a=candidate:1 ") && !fragment.contains("m=video"));
        assert_eq!(etag(OFFER), "\"abcd\"");
    }

    #[test]
    fn media_of_a_publisher_is_what_its_sections_send() {
        let media = sends(OFFER);
        assert!(media.microphone && media.camera && !media.screen);
        let two = format!("{OFFER}m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendonly\r\n");
        assert!(sends(&two).screen);
        let silent = OFFER.replace("a=sendonly", "a=inactive");
        assert!(!sends(&silent).camera);
    }
}
