interface LogoProps {
  readonly size?: number;
}

/** Two who overlap. */
export function Logo({ size = 32 }: LogoProps) {
  return (
    <svg aria-hidden="true" width={size} height={size} viewBox="0 0 32 32" className="text-accent">
      <circle cx="11.5" cy="16" r="9.5" fill="currentColor" />
      <circle cx="20.5" cy="16" r="9.5" fill="currentColor" opacity="0.45" />
      <circle cx="8.8" cy="14.6" r="1.5" className="fill-surface" />
      <circle cx="14.2" cy="14.6" r="1.5" className="fill-surface" />
    </svg>
  );
}
