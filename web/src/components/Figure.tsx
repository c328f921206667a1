/** A name and its value, within a list of such. */
export function Figure({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="m-0 text-sm font-semibold tabular-nums">{value}</dd>
    </div>
  );
}
