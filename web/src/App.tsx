import { Suspense } from "react";
import { ErrorBoundary } from "./components/ErrorBoundary";
import { lazyPage } from "./components/lazyPage";
import { LoadingPage } from "./components/LoadingPage";
import { Room } from "./pages/Room/Room";

/** All pages, with the router. */
const Pages = lazyPage(() => import("./pages/Pages"));

const CALL_LINK = /^\/r\/([^/]+)\/?$/;

interface AppProps {
  readonly pathname: string;
}

/** A call that is opened by its link is what must come fast: it needs no router. */
export function App({ pathname }: AppProps) {
  const code = CALL_LINK.exec(pathname)?.[1];
  return (
    <ErrorBoundary>
      <Suspense fallback={<LoadingPage />}>
        {code === undefined ? <Pages /> : <Room code={decoded(code)} />}
      </Suspense>
    </ErrorBoundary>
  );
}

function decoded(code: string): string {
  try {
    return decodeURIComponent(code);
  } catch (error) {
    // Not an encoding at all: the page that says so shows it as it is.
    if (error instanceof URIError) return code;
    throw error;
  }
}
