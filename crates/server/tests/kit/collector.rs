//! A collector of traces: takes OTLP over HTTP, and remembers all spans.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
};
use prost::Message;

use crate::server::PATIENCE;

pub struct Collector {
    pub address: SocketAddr,
    taken: Arc<Taken>,
}

#[derive(Default)]
struct Taken {
    spans: Mutex<Vec<Span>>,
    more: Condvar,
}

#[derive(Debug, Clone)]
pub struct Span {
    pub name: String,
    pub trace: Vec<u8>,
    pub id: Vec<u8>,
    /// Empty for the first of a trace.
    pub parent: Vec<u8>,
    pub attributes: BTreeMap<String, String>,
    /// What the node tells of itself.
    pub resource: BTreeMap<String, String>,
}

impl Span {
    pub fn node(&self) -> &str {
        &self.resource["service.instance.id"]
    }

    pub fn is_child_of(&self, parent: &Self) -> bool {
        self.parent == parent.id && self.trace == parent.trace
    }
}

impl Collector {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let taken = Arc::new(Taken::default());
        let shared = taken.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let taken = shared.clone();
                thread::spawn(move || while taken.request(&stream).is_some() {});
            }
        });
        Self { address, taken }
    }

    /// What `tracing.otlp_endpoint` is set to.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until `find` finds something among the spans that have come.
    pub fn wait<T>(&self, what: &str, find: impl Fn(&[Span]) -> Option<T>) -> T {
        let spans = self.taken.spans.lock().unwrap();
        let mut found = None;
        let waiting = self
            .taken
            .more
            .wait_timeout_while(spans, PATIENCE, |spans| {
                found = find(spans);
                found.is_none()
            });
        let (spans, _) = waiting.unwrap();
        found.unwrap_or_else(|| panic!("no {what}, but {spans:#?}"))
    }

    pub fn spans(&self) -> Vec<Span> {
        self.taken.spans.lock().unwrap().clone()
    }
}

impl Taken {
    /// Answers one request; `None` at the end of the connection.
    fn request(&self, stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        assert_eq!(line.trim_end(), "POST /v1/traces HTTP/1.1");
        let mut length = 0;
        loop {
            line.clear();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap(),
                "content-type" => assert_eq!(value, "application/x-protobuf"),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        self.take(ExportTraceServiceRequest::decode(body.as_slice()).unwrap());
        let mut writer = stream;
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\n\
                      content-length: 0\r\n\r\n";
        writer.write_all(answer.as_bytes()).ok()
    }

    fn take(&self, request: ExportTraceServiceRequest) {
        let mut spans = self.spans.lock().unwrap();
        for group in request.resource_spans {
            let resource = texts(&group.resource.unwrap_or_default().attributes);
            for span in group.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                spans.push(Span {
                    name: span.name,
                    trace: span.trace_id,
                    id: span.span_id,
                    parent: span.parent_span_id,
                    attributes: texts(&span.attributes),
                    resource: resource.clone(),
                });
            }
        }
        self.more.notify_all();
    }
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |one: &KeyValue| {
        let value = one.value.clone().and_then(|value| value.value);
        let value = match value {
            Some(Value::StringValue(text)) => text,
            other => other.map_or(String::new(), |other| match other {
                Value::IntValue(number) => number.to_string(),
                other => format!("{other:?}"),
            }),
        };
        (one.key.clone(), value)
    };
    attributes.iter().map(text).collect()
}
