import type { Call } from "./operation.ts";
import type { CallOptions, WriteOptions } from "./options.ts";
import { eachItem } from "./paging.ts";
import type { DeletedUser, ListUsersQuery, UpdateUserBody, UpsertUserBody, User, UserPage } from "./wire.ts";

/** The people of the tenant, under your own ids. */
export interface Users {
  /**
   * Creates a user, or updates the one with this id: fields that are left out keep what is stored. Call it when somebody
   * signs up or changes their name; a user must exist before a session can be created.
   *
   * @example
   * await sendsar.users.upsert({ id: "buyer_5", username: "Dara" });
   */
  upsert(user: UpsertUserBody, options?: WriteOptions): Promise<User>;

  /** Reads a user. Rejects with `user_not_found`. */
  get(userId: string, options?: CallOptions): Promise<User>;

  /** One page of all users, by id. */
  list(query?: ListUsersQuery, options?: CallOptions): Promise<UserPage>;

  /** All users, by id; `limit` is the size of a page. */
  all(query?: Omit<ListUsersQuery, "cursor">, options?: CallOptions): AsyncGenerator<User, void, undefined>;

  /** Changes some fields; null clears one. Rejects with `user_not_found`. */
  update(userId: string, changes: UpdateUserBody, options?: CallOptions): Promise<User>;

  /** Locks a user out: sessions end and sockets are cut, messages stay. Rejects with `user_not_found`. */
  deactivate(userId: string, options?: WriteOptions): Promise<User>;

  /** Lets a deactivated user in again. Rejects with `user_not_found`. */
  reactivate(userId: string, options?: WriteOptions): Promise<User>;

  /**
   * Deletes a user, with its messages if `deleteMessages` is true; without, they stay by an author without a name. It is
   * called until all is gone, at most 1,000 times: then `done` is false and it is to be called again. The options are for
   * each of these calls. Rejects with `user_not_found`.
   */
  delete(userId: string, query?: { readonly deleteMessages?: boolean }, options?: CallOptions): Promise<DeletedUser>;
}

/** Creates the calls about users. */
export function createUsers(call: Call): Users {
  const list: Users["list"] = (query = {}, options) => call("listUsers", { query }, options);
  return {
    upsert: (body, options) => call("upsertUser", { body }, options),
    get: (userId, options) => call("getUser", { params: { userId } }, options),
    list,
    all: (query = {}, options) =>
      eachItem(
        "list users",
        (cursor) => list({ ...query, cursor }, options),
        ({ users }) => users,
      ),
    update: (userId, body, options) => call("updateUser", { params: { userId }, body }, options),
    deactivate: (userId, options) => call("deactivateUser", { params: { userId } }, options),
    reactivate: (userId, options) => call("reactivateUser", { params: { userId } }, options),
    delete: async (userId, query = {}, options) => {
      const deleteSome = (): Promise<DeletedUser> => call("deleteUser", { params: { userId }, query }, options);
      let answer = await deleteSome();
      for (let round = 1; !answer.done && round < deletingRoundsMax; round += 1) {
        answer = await deleteSome();
      }
      return answer;
    },
  };
}

const deletingRoundsMax = 1000;
