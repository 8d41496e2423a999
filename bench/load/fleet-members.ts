import { FakeMembers } from './fake-members.js';

/** Fake servers for the health checks. */
export class FleetMembers {
  private members: FakeMembers | null = null;

  async register({ redisUrl, count }: { redisUrl: string; count: number }): Promise<void> {
    this.members = await FakeMembers.register(redisUrl, count);
  }

  memberAnswers(): number {
    return this.members?.answers ?? 0;
  }
}
