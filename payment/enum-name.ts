/** Name of an enum value, `enumName(PaymentState, 3)` → `"APPROVED"`; its number if unknown. */
export function enumName(values: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(values).find(([, known]) => known === value)?.[0] ?? String(value);
}
