/** What shows the inside of a gateway: a stack, SQL, a file, the name of a constraint. */
const insides =
  /\bat \S+ \(|node_modules|\.ts:\d|\bselect\b|\binsert\b|\bconstraint\b|violates|_pkey|sendsar\.|\bECONN|\bpostgres\b/i;

/** The part of a text that shows something of the inside; undefined if none does. */
export const findInsides = (text: string): string | undefined => insides.exec(text)?.[0];
