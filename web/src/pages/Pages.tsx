import { BrowserRouter, Route, Routes, useParams } from "react-router";
import { lazyPage } from "../components/lazyPage";
import Home from "./Home/Home";
import { Room } from "./Room/Room";

const CreateRoom = lazyPage(() => import("./CreateRoom/CreateRoom"));
const JoinRoom = lazyPage(() => import("./JoinRoom/JoinRoom"));
const NotFound = lazyPage(() => import("./NotFound/NotFound"));
const Diagnose = lazyPage(() => import("./Diagnose/Diagnose"));

export default function Pages() {
  return (
    <BrowserRouter>
      <Routes>
        <Route path="/" element={<Home />} />
        <Route path="/new" element={<CreateRoom />} />
        <Route path="/join" element={<JoinRoom />} />
        <Route path="/diagnose" element={<Diagnose />} />
        <Route path="/r/:code" element={<RoomRoute />} />
        <Route path="*" element={<NotFound />} />
      </Routes>
    </BrowserRouter>
  );
}

function RoomRoute() {
  return <Room code={useParams()["code"] ?? ""} />;
}
