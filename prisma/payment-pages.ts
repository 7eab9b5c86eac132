interface PageRow {
  readonly merchantId: string;
  readonly paymentId: string;
}

/** A condition of Prisma's that PostgreSQL finds the place of in an index of both columns. */
export type Part =
  | Record<string, never>
  | { readonly merchantId: string; readonly paymentId: { readonly gt: string } }
  | { readonly merchantId: { readonly gt: string } };

/**
 * Every row, in the order of merchant id and payment id, in pages of up to `size`. What follows a
 * page is the rest of its last merchant and then the other merchants: asked as one condition with
 * OR, PostgreSQL would read that merchant from the beginning for each page.
 *
 * @param find up to `take` rows of a part, in this order.
 */
export async function* paymentPages<Row extends PageRow>(
  size: number,
  find: (where: Part, take: number) => Promise<readonly Row[]>,
): AsyncGenerator<readonly Row[]> {
  let rows = await find({}, size);
  for (let last = rows.at(-1); last !== undefined; last = rows.at(-1)) {
    yield rows;
    const { merchantId, paymentId } = last;
    const rest = await find({ merchantId, paymentId: { gt: paymentId } }, size);
    const left = size - rest.length;
    const others = left === 0 ? [] : await find({ merchantId: { gt: merchantId } }, left);
    rows = [...rest, ...others];
  }
}
