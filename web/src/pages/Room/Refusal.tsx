import type { ReactNode } from "react";
import { Explanation } from "../../components/Explanation";
import { PageShell } from "../../components/PageShell";

interface RefusalProps {
  readonly why: string;
  readonly icon: ReactNode;
  readonly title: string;
  readonly text: string;
  readonly children: ReactNode;
}

/** One reason why one is not in the call, as a page. */
export function Refusal({ why, icon, title, text, children }: RefusalProps) {
  return (
    <div data-phase="refused" data-reason={why}>
      <PageShell>
        <Explanation icon={<span aria-hidden="true">{icon}</span>} title={title} text={text}>
          {children}
        </Explanation>
      </PageShell>
    </div>
  );
}
