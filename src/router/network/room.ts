/** Room for so many entries in a document, and how many found none. */
export class Room {
  #left: number
  #omitted = 0

  constructor(size: number) {
    this.#left = size
  }

  /** What all of them had to leave out. */
  static omitted(...rooms: readonly Room[]): number {
    return rooms.reduce((sum, room) => sum + room.#omitted, 0)
  }

  get left(): number {
    return this.#left
  }

  /** So many entries find no room, for another reason. */
  leaveOut(entries: number): void {
    this.#omitted += entries
  }

  /** The first of them, as many as there is room for. */
  take<T>(entries: readonly T[]): readonly T[] {
    const taken = entries.slice(0, this.#left)
    this.#left -= taken.length
    this.#omitted += entries.length - taken.length
    return taken
  }
}
