use std::fs;

use wecall_live::Checkpoints;
use wecall_protocol::{ChatText, ErrorCode};
use wecall_room::Action;

use crate::{
    START, Socket, after, create, live_with_room, new_live, node::Live, peer, request, room,
};

/// What a server that was killed and started again knows.
fn restarted(live: &Live) -> (Live, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("live.redb");
    let checkpoints = Checkpoints::open(&path).unwrap();
    checkpoints.save(&live.0).unwrap();
    drop(checkpoints);

    let next = new_live();
    let checkpoints = Checkpoints::open(&path).unwrap();
    checkpoints.restore(&next.0, after(5)).unwrap();
    (next, folder)
}

#[test]
fn everyone_comes_back_under_their_old_ids_with_room_and_chat() {
    let (live, _) = live_with_room();
    let first = Socket::join(&live, request(1), START).unwrap();
    let second = Socket::join(&live, request(2), START).unwrap();
    let tokens = [first.token(), second.token()];
    let text = ChatText::parse("before the crash").unwrap();
    let chat = Action::Chat {
        text,
        client_ref: None,
    };
    live.act(&first.joined.session, chat, START).unwrap();

    let (live, _folder) = restarted(&live);
    let back = live.resume(&tokens[0], 9, after(6)).unwrap();
    assert!(!back.recovered);
    let snapshot = back.room.unwrap();
    assert_eq!(
        snapshot.participants.len(),
        2,
        "who is not back yet is not gone"
    );
    assert!(snapshot.recovering, "the file may be a moment behind");
    assert_eq!(&*snapshot.chat[0].text, "before the crash");

    let first = Socket {
        joined: back.joined,
    };
    first.relay(&live, 2, r#"{"type":"offer"}"#).unwrap();
    let back = live.resume(&tokens[1], 9, after(7)).unwrap();
    let second = Socket {
        joined: back.joined,
    };
    assert_eq!(second.joined.session.peer, peer(2));
    assert_eq!(
        second.hear_types(),
        ["offer"],
        "sent while the target was not back yet"
    );
    assert!(first.hear().is_empty());
}

#[test]
fn who_joined_after_the_last_checkpoint_comes_back_as_well() {
    let (live, _) = live_with_room();
    let first = Socket::join(&live, request(1), START).unwrap();
    let (next, _folder) = restarted(&live);
    let second = Socket::join(&live, request(2), START).unwrap();

    let back = next.resume(&first.token(), 9, after(6)).unwrap();
    let first = Socket {
        joined: back.joined,
    };
    let back = next.resume(&second.token(), 9, after(7)).unwrap();
    assert_eq!(back.joined.session.peer, peer(2));
    assert_eq!(first.hear_types(), ["peer-joined"]);
}

#[test]
fn who_does_not_come_back_after_the_restart_is_lost() {
    let (live, _) = live_with_room();
    let first = Socket::join(&live, request(1), START).unwrap();
    let _second = Socket::join(&live, request(2), START).unwrap();
    let token = first.token();

    let (live, _folder) = restarted(&live);
    let back = live.resume(&token, 9, after(6)).unwrap();
    let first = Socket {
        joined: back.joined,
    };
    live.expire(after(34));
    assert!(first.hear().is_empty());
    live.expire(after(35));
    assert_eq!(first.hear_types(), ["peer-left"]);
}

#[test]
fn server_that_lost_all_memory_takes_people_back_by_their_tokens() {
    let (live, host_token) = live_with_room();
    let mut host = request(1);
    host.host_token = Some(&host_token);
    let tokens =
        [host, request(2)].map(|request| Socket::join(&live, request, START).unwrap().token());

    let live = new_live();
    let first = live.resume(&tokens[0], 9, after(5)).unwrap();
    let snapshot = first.room.clone().unwrap();
    assert!(snapshot.recovering, "the others may still come back");
    assert_eq!(snapshot.participants[0].role, wecall_protocol::Role::Host);
    let second = live.resume(&tokens[1], 9, after(6)).unwrap();
    assert_eq!(second.room.unwrap().participants.len(), 2);
    let first = Socket {
        joined: first.joined,
    };
    assert_eq!(first.hear_types(), ["peer-joined"]);
}

#[test]
fn token_does_not_bring_back_a_room_that_was_ended() {
    let (live, host_token) = live_with_room();
    let mut host = request(1);
    host.host_token = Some(&host_token);
    let host = Socket::join(&live, host, START).unwrap();
    let token = host.token();
    live.act(&host.joined.session, Action::EndCall, START)
        .unwrap();

    let (live, _folder) = restarted(&live);
    assert_eq!(
        live.resume(&token, 2, after(6)).map(|_| ()),
        Err(ErrorCode::RoomNotFound)
    );
    assert!(create(&live, room(), after(6)).is_err());
}

#[test]
fn entry_that_cannot_be_read_costs_one_room() {
    use redb::{Database, TableDefinition};

    let (live, _) = live_with_room();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("live.redb");
    Checkpoints::open(&path).unwrap().save(&live.0).unwrap();
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let table: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("rooms-1");
    let garbage = b"{\"id\":".as_slice();
    transaction
        .open_table(table)
        .unwrap()
        .insert("AAAAAAAA", garbage)
        .unwrap();
    transaction.commit().unwrap();
    drop(database);

    let next = Live::in_memory(wecall_room::Rules::default(), 100);
    let restored = Checkpoints::open(&path)
        .unwrap()
        .restore(&next.0, START)
        .unwrap();
    assert_eq!((restored.rooms, restored.unreadable), (1, 1));
}

#[test]
fn file_of_another_kind_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("live.redb");
    fs::write(&path, "this is no database").unwrap();
    let error = Checkpoints::open(&path).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("live rooms"), "{error}");
}
