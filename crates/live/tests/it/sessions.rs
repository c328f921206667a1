use wecall_live::Poll;
use wecall_protocol::{ChatText, ErrorCode, close};
use wecall_room::Action;

use crate::{START, Socket, after, live_with_room, peer, request};

crate::on_each_store! {
    resume_replays_what_was_missed_and_nothing_else,
    message_that_the_dead_socket_took_is_sent_again_until_it_is_acknowledged,
    resume_takes_the_session_from_a_socket_that_looks_alive,
    join_with_a_session_is_the_same_person_anew,
    participant_who_never_comes_back_is_told_as_lost_once,
    reader_that_is_too_slow_is_cut_off_and_resumes_with_a_snapshot,
    token_of_yesterday_is_refused,
    new_host_gets_a_token_of_a_host,
}

fn chat(text: &str) -> Action {
    Action::Chat {
        text: ChatText::parse(text).expect("a valid text"),
        client_ref: None,
    }
}

fn resume_replays_what_was_missed_and_nothing_else() {
    let (live, _) = live_with_room();
    let first = Socket::join(&live, request(1), START).unwrap();
    let second = Socket::join(&live, request(2), START).unwrap();
    let token = second.token();
    second.joined.session.count_received();
    first.hear();

    live.act(&first.joined.session, chat("heard"), START)
        .unwrap();
    let heard = second.hear();
    live.disconnect(&second.joined, START);
    assert!(
        first.hear_types().iter().all(|kind| kind == "chat"),
        "nobody is told"
    );
    live.act(&first.joined.session, chat("missed"), START)
        .unwrap();
    first.relay(&live, 2, r#"{"type":"offer"}"#).unwrap();

    let resumption = live.resume(&token, heard[0].0, after(20)).unwrap();
    assert!(resumption.recovered && resumption.room.is_none());
    assert_eq!(resumption.received, 1);
    let again = Socket {
        joined: resumption.joined,
    };
    assert_eq!(again.joined.session.peer, peer(2));
    let replayed = again.hear();
    assert_eq!(replayed.len(), 2);
    assert_eq!(
        (replayed[0].0, &replayed[0].1["text"]),
        (heard[0].0 + 1, &"missed".into())
    );
    assert_eq!(replayed[1].1["type"], "offer");
}

fn message_that_the_dead_socket_took_is_sent_again_until_it_is_acknowledged() {
    let (live, _) = live_with_room();
    let first = Socket::join(&live, request(1), START).unwrap();
    let second = Socket::join(&live, request(2), START).unwrap();
    let token = second.token();
    second.hear();
    first.relay(&live, 2, r#"{"type":"offer"}"#).unwrap();
    assert_eq!(
        second.hear_types(),
        ["offer"],
        "written to a socket that was dead already"
    );
    live.disconnect(&second.joined, START);

    let resumption = live.resume(&token, 2, after(1)).unwrap();
    let again = Socket {
        joined: resumption.joined,
    };
    assert_eq!(again.hear_types(), ["offer"]);
    let (seq, _) = again.joined.session.unacknowledged().unwrap();
    again.joined.session.acknowledge(again.joined.epoch, seq);
    assert_eq!(again.joined.session.unacknowledged(), None);
}

fn resume_takes_the_session_from_a_socket_that_looks_alive() {
    let (live, _) = live_with_room();
    let old = Socket::join(&live, request(1), START).unwrap();
    let token = old.token();
    let new = live.resume(&token, 2, START).unwrap();
    assert_eq!(old.poll(|_, _| {}), Poll::Superseded);
    live.disconnect(&old.joined, START);
    live.expire(after(60));
    assert_eq!(
        live.participant_count(),
        1,
        "the old socket's end is not the participant's"
    );
    live.disconnect(&new.joined, after(60));
    live.expire(after(90));
    assert_eq!(live.participant_count(), 0);
}

fn join_with_a_session_is_the_same_person_anew() {
    let (live, _) = live_with_room();
    let first = Socket::join(&live, request(1), START).unwrap();
    let second = Socket::join(&live, request(2), START).unwrap();
    let token = second.token();
    first.hear();

    let mut reload = request(3);
    reload.session = Some(&token);
    let reloaded = Socket::join(&live, reload, START).unwrap();
    assert_eq!(reloaded.joined.session.peer, peer(2));
    assert_eq!(first.hear_types(), ["peer-left", "peer-joined"]);
    assert_eq!(second.poll(|_, _| {}), Poll::Close(close::SESSION_TAKEN));
    live.disconnect(&second.joined, START);
    live.expire(after(60));
    assert_eq!(live.participant_count(), 2);
}

fn participant_who_never_comes_back_is_told_as_lost_once() {
    let (live, _) = live_with_room();
    let first = Socket::join(&live, request(1), START).unwrap();
    let second = Socket::join(&live, request(2), START).unwrap();
    let token = second.token();
    first.hear();
    live.disconnect(&second.joined, START);
    live.expire(after(29));
    assert!(first.hear().is_empty());
    live.expire(after(30));
    live.expire(after(31));
    let told = first.hear();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0].1["type"], &told[0].1["reason"]),
        (&"peer-left".into(), &"lost".into())
    );
    let late = live.resume(&token, 2, after(32)).map(|_| ());
    assert_eq!(late, Err(ErrorCode::InvalidResumeToken));
}

fn reader_that_is_too_slow_is_cut_off_and_resumes_with_a_snapshot() {
    let (live, _) = live_with_room();
    let first = Socket::join(&live, request(1), START).unwrap();
    let second = Socket::join(&live, request(2), START).unwrap();
    let token = second.token();
    for _ in 0..=wecall_live::bounds::MESSAGES {
        assert_eq!(
            first.relay(&live, 2, "{}"),
            Ok(()),
            "the sender is not to blame"
        );
    }
    assert_eq!(second.poll(|_, _| {}), Poll::Overflowed);
    live.disconnect(&second.joined, START);

    let resumption = live.resume(&token, 2, START).unwrap();
    assert!(!resumption.recovered && resumption.room.is_some());
    let again = Socket {
        joined: resumption.joined,
    };
    first.relay(&live, 2, r#"{"type":"offer"}"#).unwrap();
    assert_eq!(
        again.hear().pop().unwrap().0,
        1,
        "sequence numbers start anew"
    );
}

fn token_of_yesterday_is_refused() {
    let (live, _) = live_with_room();
    let socket = Socket::join(&live, request(1), START).unwrap();
    let token = socket.token();
    let late = live.resume(&token, 2, after(24 * 60 * 60 + 1)).map(|_| ());
    assert_eq!(late, Err(ErrorCode::InvalidResumeToken));
}

fn new_host_gets_a_token_of_a_host() {
    let (live, host_token) = live_with_room();
    let mut host = request(1);
    host.host_token = Some(&host_token);
    let host = Socket::join(&live, host, START).unwrap();
    let guest = Socket::join(&live, request(2), START).unwrap();
    guest.hear();
    let session = &host.joined.session;
    live.act(session, Action::TransferHost(peer(2)), START)
        .unwrap();
    assert_eq!(guest.hear_types(), ["role", "session", "role"]);
}
