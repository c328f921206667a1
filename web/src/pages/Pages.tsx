import { lazy } from "react";
import { BrowserRouter, Route, Routes, useParams } from "react-router";
import Home from "./Home/Home";
import { Room } from "./Room/Room";

const CreateRoom = lazy(() => import("./CreateRoom/CreateRoom"));
const JoinRoom = lazy(() => import("./JoinRoom/JoinRoom"));
const NotFound = lazy(() => import("./NotFound/NotFound"));

export default function Pages() {
  return (
    <BrowserRouter>
      <Routes>
        <Route path="/" element={<Home />} />
        <Route path="/new" element={<CreateRoom />} />
        <Route path="/join" element={<JoinRoom />} />
        <Route path="/r/:code" element={<RoomRoute />} />
        <Route path="*" element={<NotFound />} />
      </Routes>
    </BrowserRouter>
  );
}

function RoomRoute() {
  return <Room code={useParams()["code"] ?? ""} />;
}
