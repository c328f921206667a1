//! Nodes of this version beside those of the next one, and after the one before. What the others
//! write is in files beside this one.

use std::time::Duration;

use redb::{Database, TableDefinition};
use serde_json::{Value, json};

use crate::{
    client::{Client, Room, chat, join},
    server::{Options, Server},
    world::{
        call::Call,
        nodes::{Cluster, Node},
        redis::Redis,
    },
};

/// A later version's id for its node, as in the files.
const LATER: &str = "1a7e50000000cafe";

/// What is written in it is of the next century: chat is kept for an hour.
const RECORD: &str = include_str!("versions_side_by_side/record_of_a_later_version.json");
const CHANGE: &str = include_str!("versions_side_by_side/change_of_a_later_version.json");
const LINK: &str = include_str!("versions_side_by_side/link_of_a_later_version.json");
const ROOM_OF_SCHEMA_1: &str = include_str!("versions_side_by_side/room_of_schema_1.json");

fn key_of(room: &str) -> String {
    format!("wecall:room:{{{room}}}")
}

fn state_of(redis: &Redis, room: &str) -> Value {
    let state = redis.command(&["HGET", &key_of(room), "state"]);
    serde_json::from_str(&state).unwrap()
}

/// Writes a record as a node of another version does.
fn write(redis: &Redis, room: &str, record: &Value) {
    let key = key_of(room);
    for field in ["version", "tag", "schema", "oldest", "state", "chat"] {
        let value = match &record[field] {
            Value::String(text) => text.clone(),
            Value::Null => continue,
            other => other.to_string(),
        };
        redis.command(&["HSET", &key, field, &value]);
    }
}

/// Tells a node something as another node does.
fn tell(redis: &Redis, node: &Node, note: &str) {
    let id = id_of(redis, node);
    let channel = format!("wecall:node:{id}");
    let note = note.replace("$NODE", &id);
    assert_eq!(redis.command(&["PUBLISH", &channel, &note]), "1");
}

/// What a node goes by in Redis.
fn id_of(redis: &Redis, node: &Node) -> String {
    let infos = redis.command(&["HGETALL", "wecall:{nodes}:info"]);
    let lines: Vec<_> = infos.lines().collect();
    let named = lines.chunks(2).find(|entry| {
        let info: Value = serde_json::from_str(entry[1]).unwrap();
        info["name"] == node.name
    });
    named.unwrap()[0].to_owned()
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn record_of_a_later_version_is_used_and_handed_on() {
    let cluster = Cluster::of(2);
    let record: Value = serde_json::from_str(RECORD).unwrap();
    let before = &record["state"];
    let id = before["id"].as_str().unwrap();
    write(&cluster.redis, id, &record);
    let room = Room {
        id: id.into(),
        host_token: String::new(),
    };
    let mut ada = Client::connect(cluster.nodes[0].server());
    ada.send(join(&room, "Ada"));
    let joined = ada.expect("joined");
    let names = joined["room"]["participants"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|one| one["user_name"].clone()).collect();
    assert_eq!(names, ["Grace", "Ada"]);
    ada.expect("participants");
    let mut john = Client::connect(cluster.nodes[1].server()).joined(join(&room, "John"));
    ada.expect("peer-joined");
    ada.send(chat("hello"));
    for client in [&mut ada, &mut john] {
        assert_eq!(client.expect("chat")["text"], "hello");
    }

    let after = state_of(&cluster.redis, id);
    assert!(after["version"].as_u64() > before["version"].as_u64());
    assert_eq!(after["participants"].as_array().unwrap().len(), 3);
    assert_eq!(after["breakout_rooms"], before["breakout_rooms"]);
    let (grace, was) = (&after["participants"][0], &before["participants"][0]);
    for field in ["id", "pronouns", "layers", "home"] {
        assert_eq!(grace[field], was[field], "{field}");
    }
    let field = |name: &str| cluster.redis.command(&["HGET", &key_of(id), name]);
    assert_eq!((field("schema"), field("oldest")), ("2".into(), "2".into()));
    let chat: Value = serde_json::from_str(&field("chat")).unwrap();
    let texts = chat.as_array().unwrap().iter();
    let texts: Vec<_> = texts.map(|message| &message["text"]).collect();
    assert_eq!(texts, ["from later", "hello"]);
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn record_that_only_later_versions_understand_is_set_aside() {
    let cluster = Cluster::of(1);
    let mut record: Value = serde_json::from_str(RECORD).unwrap();
    record["oldest"] = json!(3);
    write(&cluster.redis, "LATER123", &record);
    let node = &cluster.nodes[0];
    let answer = node.server().get("/api/rooms/LATER123");
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert_eq!(node.figure("wecall_store_rooms_set_aside_total", &[]), 1.0);
    assert_eq!(state_of(&cluster.redis, "LATER123"), record["state"]);
    let other = Call::across(&cluster);
    assert_eq!(other.is_counted_by(&cluster), Ok(()));
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn change_of_a_later_version_is_understood_as_far_as_it_can_be() {
    let cluster = Cluster::of(1);
    let node = &cluster.nodes[0];
    let room = Room::new(node.server());
    let mut ada = Client::connect(node.server()).joined(join(&room, "Ada"));
    for oldest in [2, 3] {
        let change: Value = serde_json::from_str(CHANGE).unwrap();
        let mut state = state_of(&cluster.redis, &room.id);
        let version = state["version"].as_u64().unwrap() + 1;
        let locked = oldest == 2;
        state["version"] = json!(version);
        state["breakout_rooms"] = change["changed"]["breakout_rooms"].clone();
        state["locked"] = json!(locked);
        let previous = cluster.redis.command(&["HGET", &key_of(&room.id), "tag"]);
        let tag = format!("{LATER}-{version}");
        // A later version that only adds to rooms keeps to what this one understands. What it
        // tells of the change may still be news.
        let record = json!({"version": version, "tag": tag, "schema": 3, "oldest": 2,
            "state": state.to_string()});
        write(&cluster.redis, &room.id, &record);
        let note = json!({"change": {"r": room.id, "p": previous, "g": tag, "m": oldest,
            "e": change["events"], "s": state, "seen_by": ["nobody"]}});
        tell(&cluster.redis, node, &note.to_string());
        let lock = ada.expect("lock");
        assert_eq!(lock["locked"], locked, "{lock}");
    }
    ada.send(chat("hello"));
    ada.expect("chat");
    let after = state_of(&cluster.redis, &room.id);
    assert_eq!(after["breakout_rooms"], json!({"open": true}));
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn unknown_items_of_a_later_version_are_passed_over() {
    let cluster = Cluster::of(1);
    let node = &cluster.nodes[0];
    let room = Room::new(node.server());
    let mut ada = Client::connect(node.server()).joined(join(&room, "Ada"));
    let mut john = Client::connect(node.server()).joined(join(&room, "John"));
    ada.expect("peer-joined");
    let link = LINK
        .replace("$ROOM", &room.id)
        .replace("$ADA", &ada.peer)
        .replace("$JOHN", &john.peer);
    // A node that tells of itself with more than this version knows of.
    register(&cluster.redis);
    tell(&cluster.redis, node, &link);
    let heard = ada.expect("ice-candidate");
    assert_eq!(heard["candidate"]["candidate"], "from later");
    tell(&cluster.redis, node, r#"{"gossip":{"x":1}}"#);
    tell(&cluster.redis, node, "not even JSON");
    crate::client::assert_undisturbed(&mut ada, &mut john);
    node.wait_for_figures("counts it", Duration::from_secs(5), |figures| {
        figures.value("wecall_nodes", &[("state", "alive")]) == Some(2.0)
    });
}

/// The later version's node says that it lives.
fn register(redis: &Redis) {
    let info = json!({"name": "later", "incarnation": 1, "region": "", "roles": ["signal", "oracle"],
        "version": "9.0.0", "sfu": {"ports": [1, 2]}});
    let time = redis.command(&["TIME"]);
    let seconds: u64 = time.lines().next().unwrap().parse().unwrap();
    redis.command(&["HSET", "wecall:{nodes}:info", LATER, &info.to_string()]);
    // Ahead by less than a lease, so that it need not say so again.
    let beat = (seconds * 1_000).to_string();
    redis.command(&["ZADD", "wecall:{nodes}:alive", &beat, LATER]);
}

#[test]
fn file_of_rooms_of_schema_1_is_read() {
    let server = Server::start();
    let file = server.data_dir().join("rooms.redb");
    let ended = server.end();
    let table: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("rooms-1");
    {
        let database = Database::create(&file).unwrap();
        let writing = database.begin_write().unwrap();
        let room = ROOM_OF_SCHEMA_1.as_bytes();
        let mut rooms = writing.open_table(table).unwrap();
        rooms.insert("OLDFILE1", room).unwrap();
        drop(rooms);
        writing.commit().unwrap();
    }
    let server = ended.start(Options::new());
    let info = server.get("/api/rooms/OLDFILE1");
    assert_eq!(info.status, 200, "{}", info.text());
    assert_eq!(info.json()["room_name"], "Before");
    assert_eq!(info.json()["participants"], json!(["Grace"]));
    let room = Room {
        id: "OLDFILE1".into(),
        host_token: String::new(),
    };
    let mut ada = Client::connect(&server);
    ada.send(join(&room, "Ada"));
    let joined = ada.expect("joined");
    assert_eq!(joined["room"]["participants"][0]["user_name"], "Grace");
}
