export function guardedNode(
  node: string,
  nodeArguments: readonly string[],
): { readonly command: string; readonly commandArguments: readonly string[] };
