import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { SelfReport } from '#libs/fleet';
import type { Control } from '#libs/protocol';

/** Describes this server to gateways, which show it to operators. */
@Controller()
export class InspectionController {
  constructor(private readonly report: SelfReport) {}

  @MessagePattern('server.inspect')
  inspect(): Control['server.inspect']['answer'] {
    return this.report.read();
  }
}
