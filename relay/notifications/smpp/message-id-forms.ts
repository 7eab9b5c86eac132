/**
 * A message id in the forms that a centre may write it in: many answer submit_sm with a number in
 * hexadecimal and name it in decimal in their receipts, or the other way round.
 *
 * @returns the id itself first; 8 bytes are the longest number.
 */
export function messageIdForms(id: string): readonly string[] {
  const forms = [id];
  if (/^\d{1,20}$/.test(id)) forms.push(...hexForms(BigInt(id)));
  if (/^[0-9a-f]{1,16}$/i.test(id)) forms.push(BigInt(`0x${id}`).toString());
  const bare = id.replace(/^0+(?=.)/, "");
  return [...new Set([...forms, bare])];
}

function hexForms(number: bigint): readonly string[] {
  const hex = number.toString(16);
  const full = hex.padStart(8, "0");
  return [hex, hex.toUpperCase(), full, full.toUpperCase()];
}
