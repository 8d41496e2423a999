import { Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Self } from '#libs/fleet';
import { AdminApi } from '../admin-api.decorator.js';
import { CurrentActor } from './current-actor.decorator.js';
import type { Actor } from './roles.js';
import { WhoamiAnswer } from './whoami-schemas.js';

@AdminApi('whoami')
export class WhoamiController {
  constructor(private readonly self: Self) {}

  @Get()
  @ApiOperation({ summary: 'The name and the role of the token of this request.' })
  @ApiOkResponse({ standardSchema: WhoamiAnswer })
  whoami(@CurrentActor() { name, role }: Actor): WhoamiAnswer {
    return { name, role, gateway: this.self.id };
  }
}
