//! What requests are in Redis.

use std::time::Duration;

use redis::{AsyncCommands as _, FromRedisValue, RedisError, RedisResult, ScriptInvocation, Value};
use wecall_protocol::RoomId;
use wecall_room::NodeId;

use super::{
    connection::Connection,
    keys::Keys,
    scripts::{CHECK, COMMIT, KEEP_PLACE, LOAD, REAP, REGISTRY, RESERVE},
};
use crate::shared::{
    Commit, Loaded, NodeInfo, OLDEST_SCHEMA, Record, Registered, Registry, Reply, Request, SCHEMA,
    Tag,
};

/// As long as a heartbeat counts; see `shared::liveness`.
const LEASE_MS: u64 = 5_000;

/// A fence stands for longer than any process may be stopped and go on.
const FENCE_MS: u64 = 24 * 60 * 60 * 1_000;

/// A record in use is kept for so long.
const KEEP_MS: u64 = 24 * 60 * 60 * 1_000;

pub(super) async fn execute(
    connection: &mut Connection,
    keys: &Keys,
    max_rooms: usize,
    request: Request,
) -> RedisResult<Reply> {
    match request {
        Request::Load { room, known, since } => {
            let mut load = LOAD.key(keys.room(room));
            load.key(keys.changes(room))
                .arg(known.as_ref().map_or("", Tag::as_str))
                .arg(since);
            let fields: Vec<Value> = load.invoke_async(connection).await?;
            Ok(Reply::Loaded(loaded(room, fields)?))
        }
        Request::Commit(commit) => write(connection, keys, max_rooms, *commit).await,
        Request::Check(rooms) => check(connection, keys, rooms).await,
        Request::Beat { node, info } => {
            let info = serde_json::to_string(&info)
                .map_err(|_| unexpected("what a node tells of itself is no JSON"))?;
            registry(connection, keys, node, &info).await
        }
        Request::Look { node } => registry(connection, keys, node, "").await,
        Request::Reap(node) => {
            let claimed: u64 = reap(keys, node, "").invoke_async(connection).await?;
            Ok(Reply::Claimed(claimed == 1))
        }
        Request::Leave(node) => {
            let _: u64 = reap(keys, node, "gone").invoke_async(connection).await?;
            Ok(Reply::Done)
        }
        Request::RoomsOf(node) => {
            let rooms: Vec<String> = connection.smembers(keys.rooms_of(node)).await?;
            let rooms = rooms.iter().filter_map(|room| room.parse().ok());
            Ok(Reply::Rooms(rooms.collect()))
        }
        Request::Reaped(node) => {
            let () = connection.del(keys.rooms_of(node)).await?;
            let () = connection.zrem(keys.lost(), node.to_string()).await?;
            Ok(Reply::Done)
        }
        Request::Index { node, add, remove } => {
            let key = keys.rooms_of(node);
            let texts = |rooms: &[RoomId]| -> Vec<String> {
                rooms.iter().map(ToString::to_string).collect()
            };
            if !remove.is_empty() {
                let () = connection.srem(&key, texts(&remove)).await?;
            }
            if !add.is_empty() {
                let () = connection.sadd(&key, texts(&add)).await?;
            }
            Ok(Reply::Done)
        }
        Request::Publish { to, payload } => {
            let () = connection.publish(keys.channel(to), &*payload).await?;
            Ok(Reply::Done)
        }
        // The keeper of the channel does it.
        Request::Subscribe(_) => Ok(Reply::Done),
    }
}

async fn write(
    connection: &mut Connection,
    keys: &Keys,
    max_rooms: usize,
    commit: Commit,
) -> RedisResult<Reply> {
    let room = commit.room;
    let keep_ms = milliseconds(commit.keep_for).max(1);
    if commit.is_new {
        let mut reserve = RESERVE.key(keys.places());
        reserve.arg(room.as_str()).arg(keep_ms).arg(max_rooms);
        let has_place: u64 = reserve.invoke_async(connection).await?;
        if has_place == 0 {
            return Ok(Reply::Full);
        }
    }
    if let Some(node) = commit.index {
        // First, so that no participant of a node that dies is forgotten.
        let () = connection.sadd(keys.rooms_of(node), room.as_str()).await?;
    }
    let mut write = COMMIT.key(keys.room(room));
    write
        .key(keys.changes(room))
        .arg(commit.expected.as_ref().map_or("", Tag::as_str))
        .arg(commit.version)
        .arg(commit.tag.as_str())
        .arg(SCHEMA)
        .arg(OLDEST_SCHEMA)
        .arg(&commit.state)
        .arg(commit.chat.as_deref().unwrap_or(""))
        .arg(&commit.past)
        .arg(keep_ms)
        .arg(&commit.note);
    for node in &commit.tell {
        write.arg(keys.channel(*node));
    }
    let fields: Vec<Value> = write.invoke_async(connection).await?;
    if kind(&fields)? != "committed" {
        return Ok(Reply::Conflict(loaded(room, fields)?));
    }
    if commit.is_over || keep_ms != KEEP_MS {
        let mut keep = KEEP_PLACE.key(keys.places());
        keep.arg(room.as_str())
            .arg(if commit.is_over { 0 } else { keep_ms });
        let _: i64 = keep.invoke_async(connection).await?;
    }
    Ok(Reply::Committed)
}

async fn check(connection: &mut Connection, keys: &Keys, rooms: Vec<RoomId>) -> RedisResult<Reply> {
    let mut tags = Vec::with_capacity(rooms.len());
    let checks = rooms.into_iter().map(|room| {
        let mut connection = connection.clone();
        let (key, changes) = (keys.room(room), keys.changes(room));
        async move {
            let mut check = CHECK.key(key);
            check.key(changes).arg(KEEP_MS);
            let checked: RedisResult<Option<Vec<u8>>> = check.invoke_async(&mut connection).await;
            checked
        }
    });
    for checked in futures_util::future::join_all(checks).await {
        let tag = match checked {
            Ok(tag) => tag,
            // A key that is no record: looked at closer, it is told.
            Err(error) if error.is_io_error() => return Err(error),
            Err(_) => Some(Vec::new()),
        };
        let parse = |tag: Vec<u8>| {
            let text = String::from_utf8(tag).ok();
            text.and_then(|text| Tag::parse(&text))
                .unwrap_or_else(Tag::of_nothing)
        };
        tags.push(tag.map(parse));
    }
    Ok(Reply::Tags(tags))
}

async fn registry(
    connection: &mut Connection,
    keys: &Keys,
    node: NodeId,
    info: &str,
) -> RedisResult<Reply> {
    let mut script = REGISTRY.key(keys.alive());
    script
        .key(keys.info())
        .key(keys.lost())
        .key(keys.fence(node))
        .arg(node.to_string())
        .arg(info);
    /// Id, milliseconds since the last heartbeat, what it tells of itself.
    type Alive = Vec<(String, u64, String)>;
    /// Id, milliseconds since someone began with its rooms.
    type Lost = Vec<(String, u64)>;
    let (fenced, nodes, lost): (u64, Alive, Lost) = script.invoke_async(connection).await?;
    let nodes = nodes.into_iter().filter_map(|(id, age_ms, info)| {
        Some(Registered {
            id: id.parse().ok()?,
            age: Duration::from_millis(age_ms),
            // Of a later version, maybe; that it lives is what counts.
            info: serde_json::from_str(&info).unwrap_or_else(|_| NodeInfo::default()),
        })
    });
    let lost = lost
        .into_iter()
        .filter_map(|(id, age_ms)| Some((id.parse().ok()?, Duration::from_millis(age_ms))));
    Ok(Reply::Registry(Registry {
        fenced: fenced == 1,
        nodes: nodes.collect(),
        lost: lost.collect(),
    }))
}

fn reap(keys: &Keys, node: NodeId, why: &str) -> ScriptInvocation<'static> {
    let mut reap = REAP.key(keys.alive());
    reap.key(keys.info())
        .key(keys.lost())
        .key(keys.fence(node))
        .arg(node.to_string())
        .arg(LEASE_MS)
        .arg(FENCE_MS)
        .arg(why);
    reap
}

/// What the scripts answer of a record.
fn loaded(room: RoomId, fields: Vec<Value>) -> RedisResult<Loaded> {
    match kind(&fields)?.as_str() {
        "missing" => Ok(Loaded::Missing),
        "unchanged" => Ok(Loaded::Unchanged),
        "record" => {
            let mut fields = fields.into_iter().skip(1);
            let mut bytes = || -> RedisResult<Vec<u8>> {
                let field = fields
                    .next()
                    .ok_or_else(|| unexpected("a field is missing"))?;
                Ok(FromRedisValue::from_redis_value(field)?)
            };
            let (oldest, tag, state, chat) = (bytes()?, bytes()?, bytes()?, bytes()?);
            let history: Vec<Vec<u8>> = match fields.next() {
                Some(history) => FromRedisValue::from_redis_value(history)?,
                None => Vec::new(),
            };
            match Record::read(room, &oldest, &tag, &state, &chat, history) {
                Ok(record) => Ok(Loaded::Record(Box::new(record))),
                Err(reason) => Ok(Loaded::Unreadable(reason)),
            }
        }
        _ => Err(unexpected("a script answers what it does not know")),
    }
}

fn kind(fields: &[Value]) -> RedisResult<String> {
    let first = fields.first().cloned().unwrap_or(Value::Nil);
    Ok(FromRedisValue::from_redis_value(first)?)
}

fn unexpected(what: &'static str) -> RedisError {
    RedisError::from((redis::ErrorKind::UnexpectedReturnType, what))
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
