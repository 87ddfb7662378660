// What is kept on this device: initiatives being written, and what waits to be sent. It belongs to one person each and
// is deleted once the server has it. Never a token, never what others wrote.
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Form } from "../pages/submit/form";

export interface Waiting {
  /** Idempotency-Key, kept over all tries, so that a lost answer never doubles an act. */
  key: string;
  /** The path below /v1 and the body exactly as first sent. */
  path: string;
  body: unknown;
  /** If-Match, where the act needs one. */
  etag: string | null;
}

export interface Kept {
  /** Of this device; also in the address of the form. */
  id: string;
  subject: string;
  form: Form;
  /** Milliseconds since 1970. */
  changedAt: number;
  /** Of the server, once it has the draft. */
  serverId: string | null;
  etag: string | null;
  /** What is typed and the server does not have. */
  dirty: boolean;
  /** The first save of a new draft whose answer has not come yet. */
  creating: Waiting | null;
  /** A submission on its way. */
  submitting: Waiting | null;
  /** Why the last submission was refused, for when the form is opened again. */
  refused: {
    title: string;
    detail: string;
    errors: { pointer: string; code: string; detail: string }[];
  } | null;
}

interface Schema extends DBSchema {
  initiatives: { key: string; value: Kept; indexes: { subject: string } };
}

let opened: Promise<IDBPDatabase<Schema> | null> | null = null;
// Where the browser gives no database (some private windows) things last as long as the page.
const memory = new Map<string, Kept>();

function database(): Promise<IDBPDatabase<Schema> | null> {
  opened ??= openDB<Schema>("sangkien", 1, {
    upgrade(db) {
      db.createObjectStore("initiatives", { keyPath: "id" }).createIndex("subject", "subject");
    },
  }).catch(() => null);
  return opened;
}

export async function keep(kept: Kept): Promise<void> {
  const db = await database();
  if (db === null) memory.set(kept.id, structuredClone(kept));
  else await db.put("initiatives", kept);
}

export async function kept(id: string): Promise<Kept | undefined> {
  const db = await database();
  return db === null ? memory.get(id) : db.get("initiatives", id);
}

export async function keptOf(subject: string): Promise<Kept[]> {
  const db = await database();
  const found =
    db === null
      ? [...memory.values()].filter((one) => one.subject === subject)
      : await db.getAllFromIndex("initiatives", "subject", subject);
  return found.sort((a, b) => b.changedAt - a.changedAt);
}

export async function drop(id: string): Promise<void> {
  const db = await database();
  memory.delete(id);
  await db?.delete("initiatives", id);
}

/** Drops what is kept of an initiative of the server, on whatever address of the form. */
export async function dropOfServer(serverId: string): Promise<void> {
  const db = await database();
  const all = db === null ? [...memory.values()] : await db.getAll("initiatives");
  for (const one of all) if (one.serverId === serverId) await drop(one.id);
}
