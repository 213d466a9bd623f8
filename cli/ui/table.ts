/** Prints rows in columns without lines; the package behind it is loaded when a table is printed. */
export async function renderTable(
  rows: readonly (readonly string[])[],
  options: { readonly indent?: number; readonly widths?: readonly (number | null)[] } = {},
): Promise<string> {
  const { default: Table } = await import("cli-table3");
  const none = [
    "top",
    "top-mid",
    "top-left",
    "top-right",
    "bottom",
    "bottom-mid",
    "bottom-left",
    "bottom-right",
    "left",
    "left-mid",
    "mid",
    "mid-mid",
    "right",
    "right-mid",
    "middle",
  ] as const;
  const table = new Table({
    chars: Object.fromEntries(none.map((name) => [name, ""])),
    style: { "padding-left": 0, "padding-right": 2, head: [], border: [] },
    ...(options.widths === undefined ? {} : { colWidths: [...options.widths] }),
  });
  table.push(...rows.map((row) => [...row]));
  const indent = " ".repeat(options.indent ?? 0);
  return table.toString().split("\n").map((line) => (indent + line).trimEnd()).join("\n");
}
