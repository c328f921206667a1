// A client as it was before version 2, written from the description of the wire protocol: plain
// `addTrack`, the newcomer offers, one stream for each peer, no field of version 2, no resume.
// The address names all it needs: ?server=http://…&room=ABC12345&name=John

const parameters = new URLSearchParams(location.search);
const server = parameters.get("server");
const roomId = parameters.get("room").toUpperCase();
const userName = parameters.get("name");

/** @type {Map<string, RTCPeerConnection>} */
const connections = new Map();
/** Read by the test: what no client of version 1 is prepared for. */
const surprises = [];
window.__v1 = { connections, surprises, peerId: null };

const state = document.querySelector("#state");
const others = document.querySelector("#others");
let socket;
let localStream;
let iceServers = [];

await start();

async function start() {
  const config = await fetch(`${server}/api/config`);
  iceServers = (await config.json()).ice_servers;
  const validation = await fetch(`${server}/api/rooms/${roomId}/validate`, { method: "POST" });
  const answer = await validation.json();
  if (!validation.ok || !answer.valid) {
    state.textContent = `refused: ${answer.message}`;
    return;
  }
  localStream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  document.querySelector("#own").srcObject = localStream;
  socket = new WebSocket(`${server.replace(/^http/, "ws")}/ws`);
  socket.addEventListener("message", (event) => receive(JSON.parse(event.data)));
  socket.addEventListener("close", () => {
    state.textContent = "closed";
    for (const peerId of Array.from(connections.keys())) drop(peerId);
  });
}

async function receive(message) {
  switch (message.type) {
    case "peer-id":
      window.__v1.peerId = message.peer_id;
      send({ type: "join", room_id: roomId, user_name: userName });
      break;
    case "joined":
      state.textContent = "joined";
      break;
    case "participants":
      for (const peerId of message.participants) await offerTo(peerId);
      break;
    case "peer-joined":
      // They offer; we wait.
      break;
    case "offer": {
      if (connections.has(message.peer_id)) surprises.push("a second offer");
      const connection = connections.get(message.peer_id) ?? connect(message.peer_id);
      await connection.setRemoteDescription(message.offer);
      const answer = await connection.createAnswer();
      await connection.setLocalDescription(answer);
      send({ type: "answer", target_peer_id: message.peer_id, answer });
      break;
    }
    case "answer":
      await connections.get(message.peer_id)?.setRemoteDescription(message.answer);
      break;
    case "ice-candidate":
      if (message.candidate) await connections.get(message.peer_id)?.addIceCandidate(message.candidate);
      break;
    case "peer-left":
      drop(message.peer_id);
      break;
    case "error":
      surprises.push(`error: ${message.message}`);
      break;
    default:
      // Of a later version.
      break;
  }
}

async function offerTo(peerId) {
  const connection = connect(peerId);
  const offer = await connection.createOffer();
  await connection.setLocalDescription(offer);
  send({ type: "offer", target_peer_id: peerId, offer });
}

function connect(peerId) {
  const connection = new RTCPeerConnection({ iceServers });
  connections.set(peerId, connection);
  for (const track of localStream.getTracks()) connection.addTrack(track, localStream);
  connection.onicecandidate = (event) => {
    if (event.candidate) {
      send({ type: "ice-candidate", target_peer_id: peerId, candidate: event.candidate });
    }
  };
  connection.ontrack = (event) => {
    const [stream] = event.streams;
    if (stream === undefined) surprises.push(`a ${event.track.kind} track without a stream`);
    else show(peerId, stream);
  };
  connection.onconnectionstatechange = () => {
    if (["disconnected", "failed", "closed"].includes(connection.connectionState)) drop(peerId);
  };
  return connection;
}

function show(peerId, stream) {
  const shown = tileOf(peerId)?.querySelector("video");
  if (shown) {
    if (shown.srcObject !== stream) surprises.push("a second stream");
    return;
  }
  const tile = document.createElement("article");
  tile.dataset.tile = "";
  tile.dataset.peerId = peerId;
  tile.dataset.kind = "camera";
  const video = document.createElement("video");
  video.autoplay = true;
  video.playsInline = true;
  video.srcObject = stream;
  tile.append(video);
  others.append(tile);
}

function drop(peerId) {
  connections.get(peerId)?.close();
  connections.delete(peerId);
  tileOf(peerId)?.remove();
}

function tileOf(peerId) {
  return others.querySelector(`[data-peer-id="${CSS.escape(peerId)}"]`);
}

function send(message) {
  socket.send(JSON.stringify(message));
}

function toggle(tracks) {
  for (const track of tracks) track.enabled = !track.enabled;
}

function onClick(id, act) {
  document.querySelector(id).addEventListener("click", act);
}

onClick("#mute", () => toggle(localStream.getAudioTracks()));
onClick("#camera", () => toggle(localStream.getVideoTracks()));
onClick("#leave", () => {
  send({ type: "leave" });
  socket.close();
  for (const track of localStream.getTracks()) track.stop();
});
