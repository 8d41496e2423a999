import { Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { TicketStore } from '#libs/matchmaking';
import { AdminApi } from './admin-api.decorator.js';
import { QueuesAnswer } from './schemas.js';

@AdminApi('queues')
export class QueuesController {
  constructor(private readonly tickets: TicketStore) {}

  @Get()
  @ApiOperation({ summary: 'The queues of matchmaking, by game. A queue without tickets for half a minute is left out.' })
  @ApiOkResponse({ standardSchema: QueuesAnswer })
  async queues(): Promise<QueuesAnswer> {
    const reports = await this.tickets.reports();
    return {
      queues: reports.map(({ byMode, ...report }) => ({ ...report, ...(byMode && { byMode: byMode.map((mode) => ({ ...mode })) }) })),
    };
  }
}
