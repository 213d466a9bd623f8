/** Whether a name has one of these parts, or is one of them after an `=`; every name has when there are none. */
export function isWanted(name: string, parts: readonly string[]): boolean {
  const lower = name.toLowerCase();
  return parts.length === 0 || parts.some((part) => {
    const wanted = part.toLowerCase();
    return wanted.startsWith("=") ? lower === wanted.slice(1) : lower.includes(wanted);
  });
}
