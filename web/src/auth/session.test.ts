import { beforeEach, expect, test, vi } from "vitest";

const answers = vi.hoisted(() => ({
  refresh: vi.fn<(token: string) => Promise<unknown>>(),
  silently: vi.fn<() => Promise<unknown>>(),
  complete: vi.fn<() => Promise<unknown>>(),
  end: vi.fn<(idToken: string | null) => Promise<void>>(),
}));

vi.mock("./oidc", () => ({ ...answers, SessionOver: class extends Error {} }));

function identity(subject: string): unknown {
  return {
    tokens: { access: `access of ${subject}`, refresh: "r-1", id: "i-1", expiresAt: Date.now() },
    person: { subject, name: subject, locale: null, grants: [] },
  };
}

/** A session that is signed in, whose next renewal is answered when `answer` or `fail` is called. */
async function renewingSession(): Promise<{
  session: typeof import("./session");
  renewal: Promise<string | null>;
  answer: (value: unknown) => void;
  fail: (error: Error) => void;
}> {
  const session = await import("./session");
  answers.silently.mockResolvedValueOnce(identity("m-1"));
  await session.start();
  expect(session.status.value).toBe("signed-in");
  let answer!: (value: unknown) => void;
  let fail!: (error: Error) => void;
  answers.refresh.mockReturnValueOnce(
    new Promise((resolve, reject) => {
      answer = resolve;
      fail = reject;
    }),
  );
  const renewal = session.accessToken();
  await vi.waitFor(() => expect(answers.refresh).toHaveBeenCalledOnce());
  return { session, renewal, answer, fail };
}

beforeEach(() => {
  vi.resetModules();
  vi.resetAllMocks();
  const kept = new Map([["sangkien.signed-in", "1"]]);
  vi.stubGlobal("location", { search: "", hash: "", pathname: "/", href: "http://localhost/" });
  vi.stubGlobal("localStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
    removeItem: (name: string) => kept.delete(name),
  });
});

test("a renewal that is answered after the sign-out signs nobody in again", async () => {
  const { session, renewal, answer } = await renewingSession();

  await session.signOut();
  answer(identity("m-1"));

  expect(await renewal).toBeNull();
  expect(session.status.value).toBe("anonymous");
  expect(session.person.value).toBeNull();
  expect(await session.accessToken()).toBeNull();
  expect(localStorage.getItem("sangkien.signed-in")).toBeNull();
});

test("a renewal that fails after the sign-out gives no token and says nothing of an expiry", async () => {
  const { session, renewal, fail } = await renewingSession();

  await session.signOut();
  fail(new Error("away"));

  expect(await renewal).toBeNull();
  expect(session.status.value).toBe("anonymous");
});

test("a renewal in time gives the new token", async () => {
  const { session, renewal, answer } = await renewingSession();

  answer(identity("m-1"));

  expect(await renewal).toBe("access of m-1");
  expect(session.status.value).toBe("signed-in");
});
