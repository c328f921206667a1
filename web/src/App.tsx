import { lazy, Suspense } from "react";
import { BrowserRouter, Route, Routes } from "react-router";
import { ErrorBoundary } from "./components/ErrorBoundary";
import { LoadingPage } from "./components/LoadingPage";
import Room from "./pages/Room/Room";

// A call by link is what must open fast; the other pages come on their own.
const Home = lazy(() => import("./pages/Home/Home"));
const CreateRoom = lazy(() => import("./pages/CreateRoom/CreateRoom"));
const JoinRoom = lazy(() => import("./pages/JoinRoom/JoinRoom"));
const NotFound = lazy(() => import("./pages/NotFound/NotFound"));

export function App() {
  return (
    <ErrorBoundary>
      <BrowserRouter>
        <Suspense fallback={<LoadingPage />}>
          <Routes>
            <Route path="/" element={<Home />} />
            <Route path="/new" element={<CreateRoom />} />
            <Route path="/join" element={<JoinRoom />} />
            <Route path="/r/:code" element={<Room />} />
            <Route path="*" element={<NotFound />} />
          </Routes>
        </Suspense>
      </BrowserRouter>
    </ErrorBoundary>
  );
}
