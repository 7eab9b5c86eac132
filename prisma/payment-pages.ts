interface PageRow {
  readonly merchantId: string;
  readonly paymentId: string;
}

/** Which payments; without a member all. */
export interface Within {
  readonly merchantId?: string;
  /** The first payment id that is meant, and the first that is not any more. */
  readonly from?: string;
  readonly below?: string;
}

/** A range of payment ids, as Prisma writes it. */
interface Ids {
  readonly gt?: string;
  readonly gte?: string;
  readonly lt?: string;
}

/** A condition of Prisma's that PostgreSQL finds the place of in an index of both columns. */
export interface Part {
  readonly merchantId?: string | { readonly gt: string };
  readonly paymentId?: Ids;
}

/**
 * The rows in the order of merchant id and payment id, in pages of up to `size`. What follows a
 * page is the rest of its last merchant and then the other merchants: asked as one condition with
 * OR, PostgreSQL would read that merchant from the beginning for each page.
 *
 * @param find up to `take` rows of a part, in this order.
 */
export async function* paymentPages<Row extends PageRow>(
  size: number,
  within: Within,
  find: (where: Part, take: number) => Promise<readonly Row[]>,
): AsyncGenerator<readonly Row[]> {
  const { merchantId: only } = within;
  const ids = idsOf(within);
  const all = ids === undefined ? {} : { paymentId: ids };
  let rows = await find(only === undefined ? all : { merchantId: only, ...all }, size);
  for (let last = rows.at(-1); last !== undefined; last = rows.at(-1)) {
    yield rows;
    const { merchantId, paymentId } = last;
    const { lt } = ids ?? {};
    const behind = { gt: paymentId, ...(lt !== undefined && { lt }) };
    const rest = await find({ merchantId, paymentId: behind }, size);
    const left = only === undefined ? size - rest.length : 0;
    const others = left === 0 ? [] : await find({ merchantId: { gt: merchantId }, ...all }, left);
    rows = [...rest, ...others];
  }
}

function idsOf({ from, below }: Within): Ids | undefined {
  if (from === undefined && below === undefined) return undefined;
  return { ...(from !== undefined && { gte: from }), ...(below !== undefined && { lt: below }) };
}
